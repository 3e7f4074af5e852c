"""Who asks: a name, what they may do, and whose customers they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patron.governance.roles import Permission, Role

Via = Literal["session", "key", "command line", "server"]


@dataclass(frozen=True)
class Identity:
    """Somebody who has shown who they are.

    ``branches`` are the only ones whose customers exist for them; None is all of them, an empty set none. ``id`` is the
    account's or the key's own, and stays when they are renamed.
    """

    id: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    via: Via
    branches: frozenset[str] | None = None
    address: str = ""

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def sees_figures_only(self) -> bool:
        """Whether they see no single customer, so that small cells are hidden from them."""
        return Permission.READ_CUSTOMERS not in self.permissions
