package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix"
)

// FIXConfig are the settings of the FIX door.
type FIXConfig struct {
	// TLSCert and TLSKey are PEM files for the FIX port; both or neither. Without
	// them clients speak plain TCP.
	TLSCert string `yaml:"tls_cert" koanf:"tls_cert"`
	TLSKey  string `yaml:"tls_key" koanf:"tls_key"`
	// MaxConnections bounds the connections (a quarter of what the process's
	// descriptors leave for doors bounds them too), MaxConnectionsPerAddress those of one
	// remote address (an IPv6 one counts by its /64), and
	// MaxSessionsPerParticipant the sessions of one participant that are logged on
	// to this node.
	MaxConnections            int `yaml:"max_connections" koanf:"max_connections"`
	MaxConnectionsPerAddress  int `yaml:"max_connections_per_address" koanf:"max_connections_per_address"`
	MaxSessionsPerParticipant int `yaml:"max_sessions_per_participant" koanf:"max_sessions_per_participant"`
	// LogonTimeout is how long a connection may be there without being logged on,
	// 1 to 30 s.
	LogonTimeout time.Duration `yaml:"logon_timeout" koanf:"logon_timeout"`
	// LogonsPerMinute bounds the logons that one address tries; a wrong password
	// counts for ten.
	LogonsPerMinute int `yaml:"logons_per_minute" koanf:"logons_per_minute"`
	// MinHeartbeat is the shortest HeartBtInt (108) that is taken, 1 s to 1 min:
	// every heartbeat takes a number through the log.
	MinHeartbeat time.Duration `yaml:"min_heartbeat" koanf:"min_heartbeat"`
}

// defaultFIX returns the settings of a door that is told nothing.
func defaultFIX() FIXConfig {
	l := fix.DefaultLimits()
	return FIXConfig{
		MaxConnections: l.MaxConnections, MaxConnectionsPerAddress: l.MaxPerAddress,
		MaxSessionsPerParticipant: l.MaxPerParticipant, LogonTimeout: l.LogonTimeout,
		LogonsPerMinute: l.LogonsPerMinute, MinHeartbeat: l.MinHeartbeat,
	}
}

// maxFIXConnections bounds what fix.max_connections can be set to.
const maxFIXConnections = 20000

func (c *FIXConfig) validate() error {
	var errs []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, setting("fix.tls_cert", "and fix.tls_key go together"))
	}
	for _, b := range []struct {
		name            string
		value, min, max int
	}{
		{"fix.max_connections", c.MaxConnections, 1, maxFIXConnections},
		{"fix.max_connections_per_address", c.MaxConnectionsPerAddress, 1, maxFIXConnections},
		{"fix.max_sessions_per_participant", c.MaxSessionsPerParticipant, 1, maxFIXConnections},
		{"fix.logons_per_minute", c.LogonsPerMinute, 10, 1_000_000},
	} {
		if b.value < b.min || b.value > b.max {
			errs = append(errs, setting(b.name, "%d is not %d–%d", b.value, b.min, b.max))
		}
	}
	for _, d := range []struct {
		name            string
		value, min, max time.Duration
	}{
		{"fix.logon_timeout", c.LogonTimeout, time.Second, 30 * time.Second},
		{"fix.min_heartbeat", c.MinHeartbeat, time.Second, time.Minute},
	} {
		if d.value < d.min || d.value > d.max {
			errs = append(errs, setting(d.name, "%v is not %v–%v", d.value, d.min, d.max))
		}
	}
	return errors.Join(errs...)
}

func (c *FIXConfig) limits() fix.Limits {
	return fix.Limits{
		MaxConnections: c.MaxConnections, MaxPerAddress: c.MaxConnectionsPerAddress,
		MaxPerParticipant: c.MaxSessionsPerParticipant, LogonTimeout: c.LogonTimeout,
		LogonsPerMinute: c.LogonsPerMinute, MinHeartbeat: c.MinHeartbeat,
	}
}

// tls returns how the door encrypts, nil: not at all.
func (c *FIXConfig) tls() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("fix.tls_cert: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
