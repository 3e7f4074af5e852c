"""The command line. Commands load their rooms when called, so that help is instant."""
