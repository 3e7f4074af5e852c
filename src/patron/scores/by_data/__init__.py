"""Customers valued by transactions that are sent, by the code and the models that made a release."""
