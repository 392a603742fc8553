package main

func Example() {
	main()
	// Output:
	// taken
	// filled 0.4000 at 50000.00
	// filled 0.4000 at 50000.00, as said before
	// refused: insufficient_funds
	// unknown key, or a wrong secret
}
