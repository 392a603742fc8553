package marketdata

// Held returns how many tapes there are, and lines and requests on them.
func (d *Desk) Held() (tapes, lines int) {
	f := d.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, of := range f.tapes {
		for _, t := range of {
			t.mu.Lock()
			lines += len(t.lines)
			t.mu.Unlock()
			tapes++
		}
	}
	return tapes, lines + len(f.waiting)
}
