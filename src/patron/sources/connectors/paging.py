"""How a service tells of its next page: by number, by offset, by a cursor, or by a link."""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol
from urllib.parse import urljoin

Way = Literal["none", "page", "offset", "cursor", "next_link", "link_header"]
_MISSING: Final = object()


class Asked(Protocol):
    """The options that paging looks at."""

    @property
    def paging(self) -> Way: ...

    @property
    def page_param(self) -> str: ...

    @property
    def first_page(self) -> int: ...

    @property
    def offset_param(self) -> str: ...

    @property
    def cursor_param(self) -> str: ...

    @property
    def next_path(self) -> str: ...


Step = tuple[str, dict[str, str]]
"""An address to ask, and what goes with it."""


def first_step(options: Asked, address: str, params: dict[str, str]) -> Step:
    """Where to begin."""
    if options.paging == "page":
        return address, {**params, options.page_param: str(options.first_page)}
    if options.paging == "offset":
        return address, {**params, options.offset_param: "0"}
    return address, params


def next_step(options: Asked, step: Step, records: int, rows: int, content: Any, link: str) -> Step | None:
    """Where to go on after a page of so many records (``rows`` of all pages so far); None at the end."""
    address, params = step
    match options.paging:
        case "page" if records:
            return address, {**params, options.page_param: str(int(params[options.page_param]) + 1)}
        case "offset" if records:
            return address, {**params, options.offset_param: str(rows)}
        case "cursor":
            cursor = told(content, options.next_path)
            return (address, {**params, options.cursor_param: str(cursor)}) if cursor not in (None, "", False) else None
        case "next_link":
            target = told(content, options.next_path)
            return (urljoin(address, str(target)), {}) if target else None
        case "link_header":
            return (link, {}) if link else None
    return None


def told(content: Any, path: str) -> Any:  # Any: JSON
    """What stands at a path of names joined by dots; None where there is no such place."""
    for name in path.split(".") if path else ():
        content = content.get(name, _MISSING) if isinstance(content, dict) else _MISSING
        if content is _MISSING:
            return None
    return content
