//go:build !linux

package devcluster

import "syscall"

// attributes puts a node into a process group of its own, so that Ctrl-C
// reaches only us and we stop the nodes in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
