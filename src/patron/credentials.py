"""Credentials: read from the environment or a secrets file, never from patron.toml, and never shown.

A credential has a name, such as ``warehouse`` or ``shop_db``. Its value is the environment's ``PATRON_SECRET_WAREHOUSE``, or
the key ``warehouse`` of ``secrets.toml`` beside patron.toml, which only its owner may read.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from patron.errors import NothingThere, UsageError

PREFIX: Final = "PATRON_SECRET_"
FILE_NAME: Final = "secrets.toml"


@dataclass(frozen=True, repr=False)
class Secret:
    """A value that no message, log or traceback shows; ``reveal`` gives it to the one who needs it."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def hidden_in(self, text: str) -> str:
        """The text without this value, for messages that a driver worded."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True)
class Credentials:
    """Every credential at hand, by lower-case name."""

    _secrets: Mapping[str, Secret] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._secrets

    def secret(self, name: str) -> Secret:
        """The credential of this name; NothingThere, saying how to give it, if there is none."""
        found = self._secrets.get(name.lower())
        if found is None:
            raise NothingThere(
                f"No credential named '{name}' was given.",
                to_do=f'Set the environment\'s {PREFIX}{name.upper()}, or write {name} = "…" into {FILE_NAME} beside patron.toml.',
            )
        return found

    def hidden_in(self, text: str) -> str:
        """The text with every credential's value taken out."""
        for secret in self._secrets.values():
            text = secret.hidden_in(text)
        return text


def read_credentials(folder: Path, environment: Mapping[str, str] | None = None) -> Credentials:
    """The credentials of a workspace: of its secrets.toml, and over it those of the environment."""
    variables = os.environ if environment is None else environment
    given = {name.removeprefix(PREFIX).lower(): text for name, text in variables.items() if name.startswith(PREFIX)}
    return Credentials({name: Secret(text) for name, text in (_of_file(folder / FILE_NAME) | given).items()})


def _of_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    if os.name != "nt" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path} can be read by others than its owner.", to_do=f"Run: chmod 600 {path}")
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # Neither the cause nor its text is passed on: both may hold a secret.
        raise UsageError(
            f"{path} is not valid TOML.", allowed='Lines such as: warehouse = "postgresql://…"', to_do="Mend it."
        ) from None
    wrong = [name for name, text in content.items() if not isinstance(text, str)]
    if wrong:
        raise UsageError(f"{path}: {', '.join(wrong)} is no text.", allowed='Lines such as: shop_db = "mysql://…"')
    return {name.lower(): text for name, text in content.items()}
