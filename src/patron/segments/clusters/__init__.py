"""Living segments: customers grouped by how they behave, whichever groups they form, each membership with its reasons."""
