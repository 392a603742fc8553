package definitions_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/chaos/definitions"
	"github.com/rialto-exchange/rialto/chaos/ports"
)

// versions are the folders of definitions that concern Rialto.
func versions() []string { return []string{"fix44", "fix50sp2"} }

func read(t *testing.T, version string) []definitions.Definition {
	t.Helper()
	folder, err := definitions.Folder(version)
	if err != nil {
		t.Fatal(err)
	}
	all, err := definitions.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// notOfEcho are the definitions that quickfixgo itself does not hold, and why.
func notOfEcho() map[string]string {
	return map[string]string{
		"3b_InvalidChecksum": "quickfixgo takes any CheckSum; its own runner sends a BodyLength that is wrong by one along with it",
	}
}

// TestRunner proves the runner on the acceptor that the definitions were
// written for: every one holds, to the order of the fields and the last letter
// of the texts, but for those that it is known not to hold.
func TestRunner(t *testing.T) {
	if testing.Short() {
		t.Skip("heartbeats are waited for: skipped with -short")
	}
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			free, err := ports.Free(1)
			if err != nil {
				t.Fatal(err)
			}
			echo, err := definitions.StartEcho(free[0], version)
			if err != nil {
				t.Fatal(err)
			}
			defer echo.Stop()
			for _, d := range read(t, version) {
				err := definitions.Run(t.Context(), free[0], d, definitions.Comparison{Ordered: true})
				if why := notOfEcho()[d.Name]; why != "" && err == nil {
					t.Errorf("%s holds, and should not: %s", d.Name, why)
				} else if why == "" && err != nil {
					t.Error(err)
				}
			}
		})
	}
}
