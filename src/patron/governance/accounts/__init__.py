"""Accounts of people and keys of programs: who they are, shown by a password, a session or a key."""
