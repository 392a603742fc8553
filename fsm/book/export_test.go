package book

// RecordTypes returns a value of each type that lies in a slab.
func RecordTypes() []any { return []any{order{}, peak{}, ladder{}, node{}, leaf{}, level{}} }
