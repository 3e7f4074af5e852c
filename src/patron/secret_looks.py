"""What looks like a credential where none may stand: in patron.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

# Words of a key that hold a secret; "credential" names one and is no secret itself.
_SECRET_WORDS: Final = re.compile(
    r"(?i)(^|[_\-.])(pass(word|wd|phrase)?|pwd|secret|token|sas|api[_\-]?key|apikey|access[_\-]?key|account[_\-]?key|private[_\-]?key|"
    r"authorization|auth|cookie|bearer|credentials|connection[_\-]?string|client[_\-]?secret|signature)($|[_\-.0-9])"
)
_SECRET_ENDINGS: Final = re.compile(r"(?i)(password|passwd|secret|token|apikey|accesskey|accountkey)$")
_KEYWORD_PASSWORD: Final = re.compile(
    r"(?i)(^|[\s;?&])(password|passwd|pwd|client_secret|access_token|api_?key|accountkey|sharedaccesskey)\s*=\s*[^\s;&]"
    r"|[?&](token|key|sig|secret|auth)=[^\s;&]"
)


def secret_looking(options: Mapping[str, object]) -> tuple[str, ...]:
    """The keys, dotted, that are named like a credential or whose text holds one."""
    return tuple(dict.fromkeys(_found(options, ())))


def _found(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if _is_secret_name(str(key)):
                yield ".".join((*path, str(key)))
            else:
                yield from _found(part, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _found(part, path)
    elif isinstance(value, str) and holds_password(value):
        yield ".".join(path)


def _is_secret_name(key: str) -> bool:
    return bool(_SECRET_WORDS.search(key) or _SECRET_ENDINGS.search(key))


def holds_password(text: str) -> bool:
    """Whether a text is an address with a password in it, or says ``password=…``."""
    try:
        address = urlsplit(text)
        inside = bool(address.scheme and address.password)
    except ValueError:  # no address that can be taken apart; what stands before an @ may still be a password
        inside = re.search(r"://[^/@\s]*:[^/@\s]+@", text) is not None
    return inside or _KEYWORD_PASSWORD.search(text) is not None
