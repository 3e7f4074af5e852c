"""Customers grouped: value tiers, and the eleven RFM names."""
