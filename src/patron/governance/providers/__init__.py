"""Logins by another provider (OpenID Connect): whose word is taken for who somebody is, and what is checked of it."""
