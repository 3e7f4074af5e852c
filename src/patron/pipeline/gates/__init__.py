"""The gates between layers: what must hold before the next one may begin."""
