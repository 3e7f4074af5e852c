"""Read-only questions over one release, one function each; every surface asks these."""
