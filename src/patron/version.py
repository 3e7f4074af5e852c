"""The version of Patron."""

VERSION = "0.3.0"
