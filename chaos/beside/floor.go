package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// entryBytes is about what an entry with one command has.
const entryBytes = 300

// pause lies between two entries, as it does between those of one client: a file
// that is written without a pause has its times written once a tick of the
// kernel's clock, and not with every entry.
const pause = time.Millisecond

// fileBytes is what a log segment is preallocated to.
const fileBytes = 64 << 20

// floor measures what no commit of three nodes on this disk can be faster than:
// the leader's append is synced, goes to two followers, and the first of them
// has synced its own and answered.
func floor(folder string, duration time.Duration) (report, error) {
	leader, err := create(folder, "floor-leader")
	if err != nil {
		return report{}, err
	}
	defer remove(leader)
	answers := make(chan error, 2)
	var followers [2]net.Conn
	var running sync.WaitGroup
	defer running.Wait()
	for i := range followers {
		conn, err := follower(folder, fmt.Sprint("floor-follower-", i), &running, answers)
		if err != nil {
			return report{}, err
		}
		defer conn.Close()
		followers[i] = conn
	}
	latency := hdrhistogram.New(1, 60_000_000, 3)
	entry := make([]byte, entryBytes)
	begin := time.Now()
	for n := 0; time.Since(begin) < duration; n++ {
		at := time.Now()
		if err := appendEntry(leader, n, entry); err != nil {
			return report{}, err
		}
		for _, conn := range followers {
			if _, err := conn.Write(entry); err != nil {
				return report{}, err
			}
		}
		if err := <-answers; err != nil {
			return report{}, err
		}
		_ = latency.RecordValue(max(time.Since(at).Microseconds(), 1))
		if err := <-answers; err != nil { // the slower one, before the next
			return report{}, err
		}
		time.Sleep(pause)
	}
	return reportOf(latency, time.Since(begin).Seconds()), nil
}

// follower answers each entry that comes on the connection it returns, once it
// has synced it.
func follower(folder, name string, running *sync.WaitGroup, answers chan<- error) (net.Conn, error) {
	file, err := create(folder, name)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	out, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	in, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	running.Go(func() {
		defer remove(file)
		defer in.Close()
		entry := make([]byte, entryBytes)
		for n := 0; ; n++ {
			if _, err := io.ReadFull(in, entry); err != nil {
				return
			}
			if err := appendEntry(file, n, entry); err != nil {
				answers <- err
				return
			}
			if _, err := in.Write(entry[:16]); err != nil {
				return
			}
		}
	})
	running.Go(func() {
		answer := make([]byte, 16)
		for {
			if _, err := io.ReadFull(out, answer); err != nil {
				return
			}
			answers <- nil
		}
	})
	return out, nil
}

func appendEntry(file *os.File, n int, entry []byte) error {
	at := int64(n) * entryBytes % (fileBytes - entryBytes)
	if _, err := file.WriteAt(entry, at); err != nil {
		return err
	}
	return unix.Fdatasync(int(file.Fd()))
}

func create(folder, name string) (*os.File, error) {
	file, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	if err := unix.Fallocate(int(file.Fd()), 0, 0, fileBytes); err != nil {
		return nil, fmt.Errorf("preallocate: %w", err)
	}
	return file, file.Sync()
}

func remove(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name())
}
