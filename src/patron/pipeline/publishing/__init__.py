"""A run becomes a release: scores, evidence, card and report."""
