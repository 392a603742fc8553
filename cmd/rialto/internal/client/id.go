package client

import "github.com/google/uuid"

// NewID returns a command id that nobody had before.
func NewID() string { return uuid.NewString() }
