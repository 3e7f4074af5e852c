"""The connector ``rest``: records of an HTTP service that answers in JSON, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from patron.errors import UsageError
from patron.sources.connectors.connector import Fetched, Options, Request
from patron.sources.connectors.http_pages import Pages, Terms, opened, refuse_open_line
from patron.sources.connectors.incremental import IncrementalOptions
from patron.sources.connectors.paging import Way, first_step, next_step, told
from patron.sources.connectors.watermark import Watermark


class RestOptions(IncrementalOptions):
    """What ``rest`` can be told."""

    url: str = Field(description="the address, https://shop.example/api/orders")
    params: dict[str, str] = Field({}, description="what is asked with it, each time")
    headers: dict[str, str] = Field({}, description="headers to send, besides the credential's")
    header: str = Field("Authorization", description="the header that carries the credential")
    scheme: str = Field("Bearer", description="the word before the credential; empty: none")
    records: str = Field(
        "", description="where the list of records stands, such as data.orders; empty: the answer is it"
    )
    paging: Way = Field("none", description="how the next page is found: page, offset, cursor, next_link, link_header")
    page_param: str = Field("page", description="the parameter for the page's number")
    first_page: int = Field(1, ge=0, description="the first page's number")
    offset_param: str = Field("offset", description="the parameter for how many records to pass over")
    cursor_param: str = Field("cursor", description="the parameter for the cursor")
    next_path: str = Field("next", description="where an answer tells the next cursor or link, such as meta.next")
    watermark_param: str = Field("", description="the parameter that asks for records from a watermark on")
    max_pages: int = Field(10_000, ge=1, description="pages to ask for, at most")
    max_bytes: int = Field(1 << 30, ge=1, description="bytes to take, at most")
    timeout_seconds: float = Field(30, gt=0, le=3600, description="how long to wait for an answer")
    retries: int = Field(
        5, ge=0, le=20, description="how often to ask again when the service is busy or the line breaks"
    )
    allow_http: bool = Field(False, description="whether everybody on the way may read along")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if not text.startswith(("https://", "http://")):
            raise ValueError("an address begins with https:// (or http://)")
        return text

    @model_validator(mode="after")
    def _fit_together(self) -> RestOptions:
        try:
            refuse_open_line(self.url, allow_http=self.allow_http)
        except UsageError as error:
            raise ValueError(str(error)) from error
        if bool(self.watermark) != bool(self.watermark_param):
            raise ValueError("watermark and watermark_param go together")
        return self

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        how = {"header", "scheme", "max_pages", "max_bytes", "timeout_seconds", "retries", "allow_http"}
        return super().tuning() | how


@dataclass(frozen=True)
class Rest:
    """Fetches records, all or none; with a watermark, only what is new. ``wait`` lets time pass between two tries."""

    name: str = "rest"
    meaning: str = "records of an HTTP service that answers in JSON, page by page"
    options: type[Options] = RestOptions
    lands: Literal["rows"] = "rows"
    wait: Callable[[float], None] = time.sleep

    def fetch(self, request: Request) -> Fetched:
        """Put every page's records into the landing."""
        options: RestOptions = request.options
        secret = request.secret_if_given()
        if secret is None and options.credential:
            secret = request.secret()
        value = " ".join(filter(None, (options.scheme, secret.reveal().strip()))) if secret else ""
        terms = Terms(options.timeout_seconds, options.retries, options.max_bytes, options.allow_http)
        newest = request.watermark
        with opened(options.header, value, options.headers) as session:
            for records in _pages(Pages(session, options.url, terms, request.failed, self.wait), request):
                _add(request, records)
                newest = _newest(records, options.watermark, newest)
        return Fetched(newest)


def _pages(pages: Pages, request: Request) -> Iterator[list[dict[str, Any]]]:
    """The records of each page, up to the last."""
    options: RestOptions = request.options
    params = dict(options.params)
    if options.watermark and request.since:
        params[options.watermark_param] = request.since.text
    step, rows = first_step(options, options.url, params), 0
    asked = {_told(step)}
    for _ in range(options.max_pages):
        page = pages.page(*step)
        records = _records(page.content, options.records, request)
        rows += len(records)
        yield records
        following = next_step(options, step, len(records), rows, page.content, page.next_link)
        if following is None:
            return
        step = following
        if _told(step) in asked:
            raise request.failed("its pages go in a circle: the next one has been asked for already")
        asked.add(_told(step))
    raise request.failed(f"it has more than {options.max_pages:,} pages (the option max_pages)")


def _told(step: tuple[str, dict[str, str]]) -> str:
    return f"{step[0]} {sorted(step[1].items())}"


def _records(content: Any, path: str, request: Request) -> list[dict[str, Any]]:  # Any: JSON
    found = told(content, path)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        keys = ", ".join(content) if isinstance(content, dict) else f"a {type(content).__name__}"
        raise request.failed(f"its answer has no list of records at '{path}'; it holds {keys}")
    return [_flat(record, request) for record in found]


def _flat(record: dict[str, Any], request: Request) -> dict[str, Any]:  # Any: JSON
    """A record without records in it: customer.id is a column."""
    flat: dict[str, Any] = {}
    for name, value in _leaves(record):
        if name in flat:
            raise request.failed(f"a record tells '{name}' twice: as a field of that name, and as one within another")
        flat[name] = value
    return flat


def _leaves(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:  # Any: JSON
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _add(request: Request, records: list[dict[str, Any]]) -> None:
    # A record may lack what it has nothing to say of; that a field exists at all is known from the first fetch.
    known = request.columns if request.watermark else ()
    columns = list(dict.fromkeys((*(name for record in records for name in record), *known)))
    request.landing.add_rows(columns, ([record.get(name) for name in columns] for record in records))


def _newest(records: list[dict[str, Any]], column: str, newest: Watermark | None) -> Watermark | None:
    """The latest watermark so far; a service may tell its records in any order."""
    if not column:
        return None
    for record in records:
        found = Watermark.of(record.get(column), column)
        if newest is None or found.kind != newest.kind or found.value() > newest.value():  # type: ignore[operator]  # two of one kind
            newest = found
    return newest


CONNECTOR: Final = Rest()
