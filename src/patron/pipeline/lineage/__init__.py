"""Which column is made from which, read off the steps."""
