"""Why a login by a provider is refused, told apart only as far as whoever tries may know."""

from __future__ import annotations

from patron.errors import SourceFailed, UsageError


class LoginRefused(UsageError):
    """The provider knows the person, and Patron does not let them in. ``account`` is the account's name, where there is one."""

    def __init__(self, what: str, *, allowed: str = "", to_do: str = "", account: str = "") -> None:
        self.account = account
        super().__init__(what, allowed=allowed, to_do=to_do)


class AnswerRefused(UsageError):
    """What came back is not what the provider was asked for: forged, of another login, too old, or said twice."""

    def __init__(self, what: str, *, allowed: str = "", to_do: str = "Log in again.") -> None:
        super().__init__(what, allowed=allowed, to_do=to_do)


class ProviderFailed(SourceFailed):
    """The provider cannot be reached, or answers what no provider answers; retrying later may help."""
