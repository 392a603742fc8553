package rest_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways/rest"
)

// A connection of HTTP/2 has other requests than the one whose refusal is late:
// they are answered meanwhile, and it makes no room for others.
func TestLateRefusalsOverHTTP2(t *testing.T) {
	certificate, key := selfSigned(t)
	v := newVenue()
	v.demo = false
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 1, MaxRefusalsAtOnce: 1})
	address, server := open(t, v, rest.ServerConfig{
		Handler: h, MaxConnections: 1, MaxPerAddress: 1, MaxPerParticipant: 1, ReservedConnections: 1, CertFile: certificate, KeyFile: key,
	})
	client := func() *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Timeout: long}
	}
	get := func(c *http.Client, path, who string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+path, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		r.Header.Set("Authorization", "Bearer "+who)
		response, err := c.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	proxy := client()
	if status := get(proxy, "/v1/queries/assets", "key.p1.s.e"); status != 200 {
		t.Fatalf("the first request: %d", status)
	}
	refuseOften(t, h)
	late := make(chan int)
	for range 3 {
		go func() { late <- get(proxy, "/nowhere", "no.no") }()
	}
	until(t, "some are late", func() bool {
		return !strings.Contains(do(t, h, "GET /metrics", "").body, "\nrialto_http_refusals_waiting 0\n")
	})
	if status := get(proxy, "/v1/queries/assets", "key.p1.s.e"); status != 200 {
		t.Errorf("another caller over the same connection: %d", status)
	}
	if status := get(client(), "/healthz", "no.no"); status != 200 {
		t.Errorf("health on the reserved place: %d", status)
	}
	for range 3 {
		if status := <-late; status != 404 {
			t.Errorf("a late refusal: %d", status)
		}
	}
	until(t, "one connection is left", func() bool { return server.Connections() == 1 })
}

// What strangers are refused over a proxy's one connection locks nobody else
// out who comes over it: a quarter of its requests may be late, and the next are
// answered at once, or only as late as keeps their caller to 1,000 a second.
func TestLateRefusalsLeaveRoomOnTheirConnection(t *testing.T) {
	certificate, key := selfSigned(t)
	v := newVenue()
	v.demo = false
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 1, MaxRefusalsAtOnce: 1})
	address, _ := open(t, v, rest.ServerConfig{Handler: h, CertFile: certificate, KeyFile: key})
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, MaxConnsPerHost: 1,
		HTTP2: &http.HTTP2Config{StrictMaxConcurrentRequests: true},
	}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &http.Client{Transport: transport, Timeout: long}
	places := make(chan struct{}, 90) // first come, first served: a connection has 100 requests
	get := func(ctx context.Context, path, who string) int {
		places <- struct{}{}
		defer func() { <-places }()
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+path, nil)
		r.Header.Set("Authorization", "Bearer "+who)
		response, err := proxy.Do(r)
		if err != nil {
			return 0
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	honest := func() {
		t.Helper()
		began := time.Now()
		if status := get(t.Context(), "/v1/queries/assets", "key.p1.s.e"); status != 200 || time.Since(began) > 2*time.Second {
			t.Fatalf("another caller over the same connection: %d after %v", status, time.Since(began))
		}
	}
	honest()
	refuseOften(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	var answered atomic.Int64
	began := time.Now()
	for range 150 {
		wait.Go(func() {
			for ctx.Err() == nil && get(ctx, "/nowhere", "no.no") == 404 {
				answered.Add(1)
			}
		})
	}
	until(t, "a quarter is late", func() bool { return answered.Load() >= 65 })
	for answered.Load() < 4000 {
		honest()
	}
	if took := time.Since(began); took < 2500*time.Millisecond {
		t.Errorf("4,000 refusals in %v: the strangers have no bound", took)
	}
}
