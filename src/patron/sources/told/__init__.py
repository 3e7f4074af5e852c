"""What was told to the server instead of being left in a file: events, kept in the state until a run reads them."""
