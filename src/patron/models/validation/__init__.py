"""Whether a value can be believed: metrics, rolling origins, the gate, intervals and the search for leaks."""
