"""Profiles of tables and files."""
