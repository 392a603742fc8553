package main

func Example() {
	main()
	// Output:
	// after 1 trades: 0.5000 BTC
	// after 2 trades: 0.7500 BTC
}
