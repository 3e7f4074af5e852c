"""The steps from orders to values: customers described, models tested, customers valued and grouped."""
