package rest

import (
	_ "embed"
	"net/http"
)

// The pages are whole: no script, style or font comes from elsewhere, so that
// they work where the venue works.

//go:embed pages/docs.html
var docsPage []byte

//go:embed pages/home.html
var homePage []byte

// pagePolicy lets a page run what is in it and talk to this node.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

func (x *call) page(body []byte) {
	head := x.w.Header()
	head.Set("Content-Security-Policy", pagePolicy)
	head.Set("X-Content-Type-Options", "nosniff")
	x.send(http.StatusOK, "text/html; charset=utf-8", body)
}

func (x *call) docs() { x.page(docsPage) }
func (x *call) home() { x.page(homePage) }

func (x *call) openapi() { x.json(http.StatusOK, x.h.description()) }
