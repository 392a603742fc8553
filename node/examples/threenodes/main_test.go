package main

func Example() {
	main()
	// Output:
	// the leader is closed
	// alice has 100.500000 USD
}
