package fsm

// links are what a record knows of the doubly linked list that it is in: which
// one comes before it and which one behind, 0 = none.
type links struct{ prev, next uint32 }

// ends are the first and the last of such a list, 0 = it is empty.
type ends struct{ first, last uint32 }

// push puts record n at the end. last are the links of the one that was last
// until now, nil if there was none.
func (e *ends) push(n uint32, own, last *links) {
	own.prev, own.next = e.last, 0
	if last == nil {
		e.first = n
	} else {
		last.next = n
	}
	e.last = n
}

// cut takes a record with these links out; it keeps them. before and behind are
// the links of its neighbours, nil where there is none.
func (e *ends) cut(own links, before, behind *links) {
	if before == nil {
		e.first = own.next
	} else {
		before.next = own.next
	}
	if behind == nil {
		e.last = own.prev
	} else {
		behind.prev = own.prev
	}
}
