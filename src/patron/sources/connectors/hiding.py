"""The parts of a credential that a message may give away: a DSN's password, the values of a key file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

_KEYWORD: Final = re.compile(r"(?i)\b\w*(?:password|pwd|secret|token|key)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)")
# A key file also says which project and which kind of account; these are no secrets and stand in every message.
_OPEN: Final = frozenset(
    {"type", "project_id", "auth_uri", "token_uri", "client_email", "region", "endpoint_url", "universe_domain"}
)
_LEAST: Final = 3


def hidden_parts(secret: str) -> tuple[str, ...]:
    """A credential and whatever of it is secret by itself, the longest first."""
    parts = {secret, secret.strip(), *_of_address(secret), *_of_keywords(secret), *_of_key_file(secret)}
    told = {form for part in parts for form in (part, json.dumps(part)[1:-1], repr(part)[1:-1])}
    return tuple(
        sorted((part for part in told if part == secret or len(part) >= _LEAST), key=lambda part: (-len(part), part))
    )


def _of_address(secret: str) -> Iterator[str]:
    try:
        password = urlsplit(secret).password
    except ValueError:
        found = re.search(r"://[^:/@]*:([^@]+)@", secret)
        password = found[1] if found else None
    if password:
        yield from (password, unquote(password))


def _of_keywords(secret: str) -> Iterator[str]:
    for found in _KEYWORD.findall(secret):
        yield from (found, found.strip("'"), unquote(found))


def _of_key_file(secret: str) -> Iterator[str]:
    if not secret.lstrip().startswith("{"):
        return
    try:
        content = json.loads(secret)
    except ValueError:
        return
    yield from _closed(content)


def _closed(content: object) -> Iterator[str]:
    """Every text that a key file holds, however deep, but for those that are no secrets."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for one in content:
            yield from _closed(one)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key not in _OPEN:
                yield from _closed(value)
