"""How people reach Patron: the command line and the notebook."""
