package books

// Forgetful makes the view answer most points from checkpoints.
func (v *View) Forgetful() *View {
	v.keep = 8
	return v
}
