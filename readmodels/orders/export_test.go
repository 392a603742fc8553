package orders

// Often makes the view write checkpoints after very few changes.
func (v *View) Often() *View {
	v.every = 16
	return v
}
