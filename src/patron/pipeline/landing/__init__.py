"""Bringing files in: fetched, landed in bronze as they came."""
