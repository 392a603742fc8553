// Package interop (no promise) shows that a client of another language and
// another engine trades with Rialto: testdata/client.cpp is C++ QuickFIX
// (Debian's libquickfix-dev), which the test builds and runs against real nodes
// (`make test-interop`).
package interop
