"""The state that these tests write to."""

from states import address, open_again, state

__all__ = ["address", "open_again", "state"]
