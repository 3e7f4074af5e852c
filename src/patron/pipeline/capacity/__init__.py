"""What a run of so many customers takes on this computer."""
