package store

// FlushWithoutCursor writes the active generation as a process would that is
// killed just before it wrote the cursor. The store is of no use afterwards.
func (s *Store) FlushWithoutCursor() error {
	s.flusher.stop()
	if err := s.disk.setMeta("intent", s.active.through); err != nil {
		return err
	}
	if err := s.disk.writeRuns(s.active); err != nil {
		return err
	}
	if err := s.disk.close(); err != nil {
		return err
	}
	return s.lock.Close()
}

// BeginFlush takes the active generation out of the way of commits, as the
// flusher does; what it returns writes it.
func (s *Store) BeginFlush() (end func() error, err error) {
	g, d, err := s.beginFlush()
	return func() error { return s.endFlush(g, d.write(g)) }, err
}
