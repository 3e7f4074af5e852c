"""The HTTP API: answers about the current release, each for those who may have it, each read of a customer audited."""
