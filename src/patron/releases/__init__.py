"""Immutable published results: what a release holds, publishing one, and which one is current."""
