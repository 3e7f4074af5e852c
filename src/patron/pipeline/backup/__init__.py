"""Copies of a workspace that can be trusted: made while its server runs, checked byte for byte before anything is put back."""
