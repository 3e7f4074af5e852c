"""The audit: who saw, changed, exported or approved what, and from where; a chain in which no link can be edited unnoticed."""
