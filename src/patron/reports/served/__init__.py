"""What a server answers from: one release at a time in memory, seen through the scope of whoever asks."""
