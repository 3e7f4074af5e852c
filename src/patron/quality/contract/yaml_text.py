"""Plain data as YAML, in blocks that a person can read; texts are quoted as in JSON, which YAML contains."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

_PLAIN: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_.() ,=<>-]*$")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def yaml_text(value: object, depth: int = 0) -> str:
    """A mapping, list or scalar as the text of a YAML document."""
    pad = "  " * depth
    if isinstance(value, Mapping):
        return "".join(f"{pad}{_scalar(str(key))}:{_below(part, depth)}" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"{pad}-{_item(part, depth)}" for part in value)
    return f"{pad}{_scalar(value)}\n"


def _below(value: object, depth: int) -> str:
    if isinstance(value, str) and "\n" in value:
        lines = "".join(f"{'  ' * (depth + 1)}{line}\n" for line in value.splitlines())
        return f" |\n{lines}"
    if isinstance(value, Mapping | list | tuple) and value:
        return "\n" + yaml_text(value, depth + 1)
    return f" {_scalar(value)}\n"


def _item(value: object, depth: int) -> str:
    if isinstance(value, Mapping) and value:
        return " " + yaml_text(value, depth + 1).lstrip(" ")
    return f" {_scalar(value)}\n"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.match(value) and value.lower() not in _WORDS and not value.endswith(" ")
        return value if is_plain and ": " not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
