"""`python -m patron`: the same as `patron`."""

from patron.surfaces.cli.main import entry

entry()
