"""How much revenue the coming months bring: from the customers up, from the series down, and the gap between."""
