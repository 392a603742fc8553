package membership

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Rekey has the gossip go on with other secrets, without a restart: the first
// encrypts, all are understood. An error leaves some of the old ones
// understood beside them. Open gossip can't be closed so.
func (m *Membership) Rekey(secrets [][]byte) error {
	if m.keyring == nil || len(secrets) == 0 {
		return errors.New("gossip secrets: gossip was begun without, or there are none to go on with")
	}
	for _, s := range secrets {
		if err := m.keyring.AddKey(s); err != nil {
			return fmt.Errorf("gossip secret: %w", err)
		}
	}
	if err := m.keyring.UseKey(secrets[0]); err != nil {
		return fmt.Errorf("gossip secret: %w", err)
	}
	for _, old := range m.keyring.GetKeys() {
		if slices.ContainsFunc(secrets, func(s []byte) bool { return bytes.Equal(s, old) }) {
			continue
		}
		if err := m.keyring.RemoveKey(old); err != nil {
			return fmt.Errorf("gossip secret: %w", err)
		}
	}
	return nil
}
