"""Customers described as of a date: what was known of each on a cutoff day, and what came after it."""
