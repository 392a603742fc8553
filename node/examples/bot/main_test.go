package main

func Example() {
	main()
	// Output:
	// bought 0.2500, offers it at 49010.00
	// bought 0.5000, offers it at 49010.00
}
