package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/picture"
)

// TestPicture shows that a picture holds the lines that were printed, in their
// order, each when it came, and that pauses are cut.
func TestPicture(t *testing.T) {
	now := time.Unix(0, 0)
	var out bytes.Buffer
	r := picture.NewRecorder(&out, func() time.Time { return now })
	fmt.Fprint(r, "one <b>\ntw")
	now = now.Add(time.Minute)
	fmt.Fprint(r, "o\n\n")
	svg := r.SVG("rialto demo")
	if out.String() != "one <b>\ntwo\n\n" {
		t.Errorf("handed on %q", out.String())
	}
	for _, want := range []string{"$ rialto demo", "one &lt;b&gt;", `animation-delay:0.06s`, `animation-delay:1.26s" xml:space="preserve">two<`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

// TestPictureIsBounded shows what is left out.
func TestPictureIsBounded(t *testing.T) {
	r := picture.NewRecorder(io.Discard, time.Now)
	for n := range picture.MaxLines + 1 {
		fmt.Fprintf(r, "line %d\n", n)
	}
	svg := r.SVG("x")
	if !strings.Contains(svg, fmt.Sprintf("line %d<", picture.MaxLines-1)) || strings.Contains(svg, fmt.Sprintf("line %d<", picture.MaxLines)) {
		t.Error("the bound is not the bound")
	}
}
