"""What people decide on what was laid before them, who takes care of it, and since when it waits."""
