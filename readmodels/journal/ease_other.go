//go:build !linux

package journal

func beginWriting(uintptr, int64, int64) error { return nil }
