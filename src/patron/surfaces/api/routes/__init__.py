"""The routes, one file for each kind of thing that is asked about."""
