"""The version of Patron."""

VERSION = "0.2.0"
