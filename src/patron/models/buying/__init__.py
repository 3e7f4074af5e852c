"""When customers buy, and for how long: buy-till-you-die processes, contracts, spend, and what both are worth."""
