"""Arithmetic on arrays: what customers will do and be worth, and how sure that is. No storage, clock or files."""
