package fix

// Desks is several desks as one: a request goes to the first that serves it.
type Desks []Desk

var _ Desk = Desks(nil)

// Open implements Desk.
func (d Desks) Open(c Counter) Clerk {
	clerks := make(clerks, len(d))
	for i := range d {
		clerks[i] = d[i].Open(c)
	}
	return clerks
}

// clerks serve one session together.
type clerks []Clerk

// Request implements Clerk.
func (c clerks) Request(r Request) bool {
	for i := range c {
		if c[i].Request(r) {
			return true
		}
	}
	return false
}

// Close implements Clerk.
func (c clerks) Close() {
	for i := range c {
		c[i].Close()
	}
}
