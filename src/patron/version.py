"""The version of Patron."""

VERSION = "0.1.0"
