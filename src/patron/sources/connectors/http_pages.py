"""Pages over HTTP: asked politely and again where that helps, never led to another host, never more than allowed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from patron.errors import SourceFailed, UsageError

if TYPE_CHECKING:
    import requests

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_BLOCK: Final = 1 << 16
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 120.0
_SHOWN: Final = 200
_LINK: Final = re.compile(r"<([^>]*)>([^<]*)")
_RELATION: Final = re.compile(r"""(?i);\s*rel\s*=\s*["']?([^"';,]*)""")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Page:
    """A page's content, and the address that its Link header names as the next."""

    content: Any  # whatever JSON holds; numbers with a fraction are decimals
    next_link: str


@dataclass(frozen=True)
class Terms:
    """How to ask: how long to wait, how often to try, how many bytes to take in all."""

    timeout_seconds: float
    retries: int
    max_bytes: int
    allow_http: bool


class Pages:
    """Asks one service for pages. Every address must be of the host that was named first."""

    def __init__(
        self,
        session: requests.Session,
        home: str,
        terms: Terms,
        failed: Callable[[object], SourceFailed],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session, self._home, self._terms, self._failed, self._wait = session, home, terms, failed, wait
        self._bytes_left = terms.max_bytes
        refuse_open_line(home, allow_http=terms.allow_http)

    def page(self, address: str, params: dict[str, str]) -> Page:
        """One page; SourceFailed if it cannot be had, or is no JSON."""
        for _ in range(_MOST_REDIRECTS + 1):
            self._refuse_other_host(address)
            status, headers, body = self._answer(address, params)
            if status not in _REDIRECTS:
                return Page(_parsed(body, self._failed), _next_link(headers, address))
            address, params = urljoin(address, headers.get("location", "")), {}
        raise self._failed(f"{_plain(address)} leads on and on to other addresses")

    def _answer(self, address: str, params: dict[str, str]) -> tuple[int, Any, bytes]:
        """An answer that is no refusal; asked again after a while where the service is busy or the line broke."""
        for attempt in range(self._terms.retries + 1):
            try:
                status, headers, body = self._once(address, params)
            except OSError as error:  # of which every fault of the line is one
                wait, why = _backoff(attempt), f"{type(error).__name__}: {error}"
            else:
                if status < 400:
                    return status, headers, body
                why = f"{_plain(address)} answered {status}: {body[:_SHOWN].decode('utf-8', 'replace')}"
                if status not in _BUSY:
                    raise self._failed(why)
                wait = _asked_wait(headers.get("retry-after", ""), attempt)
            if attempt < self._terms.retries:
                self._wait(wait)
        raise self._failed(f"{why} (asked {self._terms.retries + 1} times)")

    def _once(self, address: str, params: dict[str, str]) -> tuple[int, Any, bytes]:
        with self._session.get(
            address, params=params, timeout=self._terms.timeout_seconds, allow_redirects=False, stream=True
        ) as answer:
            body = b"".join(self._taken(answer.iter_content(_BLOCK)))
            return answer.status_code, answer.headers, body

    def _taken(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._bytes_left -= len(block)
            if self._bytes_left < 0:
                raise self._failed(f"it sends more than {self._terms.max_bytes:,} bytes (the option max_bytes)")
            yield block

    def _refuse_other_host(self, address: str) -> None:
        if _origin(address) != _origin(self._home):
            raise self._failed(
                f"it leads from {_origin(self._home)} to {_origin(address)}, where no credential of yours is sent"
            )


def refuse_open_line(address: str, *, allow_http: bool) -> None:
    """UsageError for an address that is not https, unless it is on this machine or allowed."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and (allow_http or _is_local(parts.hostname or ""))):
        return
    raise UsageError(
        f"The address {_plain(address)} is not https.",
        allowed="https://…; http:// only on this machine.",
        to_do="Use https, or set allow_http = true if everybody on the way may read along.",
    )


@contextmanager
def opened(header: str, value: str, more: dict[str, str]) -> Iterator[requests.Session]:
    """A session that sends the credential in this header, and none that lies around on the machine."""
    try:
        import requests
    except ImportError as error:
        raise UsageError(
            "Reading HTTP needs the package requests.", to_do="Run: pip install 'patron[sources]'"
        ) from error
    with requests.Session() as session:
        session.headers.update({"Accept": "application/json", "User-Agent": "patron", **more})

        def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if value:
                request.headers[header] = value
            return request

        session.auth = signed
        yield session


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def _plain(address: str) -> str:
    """An address without what follows the question mark, for messages."""
    return address.split("?", 1)[0]


def _backoff(attempt: int) -> float:
    return float(min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT))


def _asked_wait(text: str, attempt: int) -> float:
    """As long as the service asks for (seconds, or until a date), within reason; else twice as long each time."""
    try:
        return min(max(float(text), 0.0), _LONGEST_WAIT)
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return _backoff(attempt)
    left = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(left, 0.0), _LONGEST_WAIT)


def _parsed(body: bytes, failed: Callable[[object], SourceFailed]) -> Any:  # Any: whatever JSON holds
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        shown = body[:_SHOWN].decode("utf-8", "replace")
        raise failed(f"its answer is no JSON ({error}): {shown}") from error


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _next_link(headers: Any, address: str) -> str:
    """The address with rel="next" in a Link header, from the page's own where it is relative."""
    for target, more in _LINK.findall(str(headers.get("link", ""))):
        relations = _RELATION.search(more)
        if relations and "next" in relations[1].lower().split():
            return urljoin(address, target.strip())
    return ""
