package dictionary

// LoadTable reads one table.
func LoadTable(text string) error {
	_, err := load(text)
	return err
}
