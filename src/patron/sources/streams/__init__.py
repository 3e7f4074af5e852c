"""Streams: events that come over a message broker, kept like those that are told over HTTP."""
