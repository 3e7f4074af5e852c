"""Where customers move: between periods in counts and money, and where they are heading next."""
