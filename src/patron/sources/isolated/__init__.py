"""Files of others are read in a child process: with limits, without network, and without the power to write."""
