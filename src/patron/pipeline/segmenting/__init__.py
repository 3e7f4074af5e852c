"""Customers grouped, foreseen and watched: from scores to segments, moves, members and behaviour."""
