"""What a table holds, measured where it lies: columns, how values are spread, what goes together, and what has changed."""
