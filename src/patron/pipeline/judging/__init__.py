"""Deciding row by row what can be believed, and what came in all in all."""
