"""Runs that somebody started from elsewhere: a process of its own for each, whose record and progress anybody may read."""
