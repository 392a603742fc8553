package cli

import (
	"fmt"
	"net"
)

// notify tells the supervisor that a socket leads to (systemd's NOTIFY_SOCKET, "" =
// none) how the service is: sd_notify(3).
func notify(socket, state string) error {
	if socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	_, err = conn.Write([]byte(state))
	if closed := conn.Close(); err == nil {
		err = closed
	}
	return err
}
