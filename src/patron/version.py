"""The version of Patron."""

VERSION = "0.4.0"
