"""Where the state of a workspace is, for the surfaces that open it."""

from patron.pipeline.kept_state import CREDENTIAL, state_of_workspace

__all__ = ["CREDENTIAL", "state_of_workspace"]
