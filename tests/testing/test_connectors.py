"""The test kit for connectors finds what breaks a rule, and says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import ConfigDict, Field

from patron.errors import PatronError
from patron.sources.connectors import Fetched, Options, Request, Watermark
from patron.testing.connectors import check_connector

SECRET = "hunter2-hunter2"  # noqa: S105
ROWS = [("1", "a"), ("2", "b")]
EXPECTED = [{"id": "1", "at": "a"}, {"id": "2", "at": "b"}]
Fetch = Callable[[Request], Fetched]


class GoodOptions(Options):
    table: str = Field("t", description="which table")


class CarelessOptions(Options):
    model_config = ConfigDict(extra="ignore")


class SilentOptions(Options):
    table: str = "t"


class OpenOptions(Options):
    api_key: str = Field("", description="the key")


def good(request: Request) -> Fetched:
    request.landing.add_rows(["id", "at"], ROWS)
    return Fetched()


def with_watermark(request: Request) -> Fetched:
    after = request.watermark.text if request.watermark else ""
    request.landing.add_rows(["id", "at"], [row for row in ROWS if row[1] >= after])
    return Fetched(Watermark("text", ROWS[-1][1]))


def forgetful(request: Request) -> Fetched:
    request.landing.add_rows(["id", "at"], ROWS[:1])
    return Fetched()


def repeating(request: Request) -> Fetched:
    again = len(request.watermark.text) if request.watermark else 0
    request.landing.add_rows(["id", "at"], [*ROWS, *[("3", "c")] * again])
    return Fetched(Watermark("text", "x" * (again + 1)))


def swallowing(request: Request) -> Fetched:
    try:
        return good(request)
    except PatronError:
        return Fetched()


def talkative(request: Request) -> Fetched:
    request.landing.add_rows(["id", "at", "key"], [(*row, request.secret().reveal()) for row in ROWS])
    return Fetched()


@dataclass(frozen=True)
class Made:
    """A connector made of parts."""

    fetch: Fetch = good
    name: str = "made"
    meaning: str = "made-up rows"
    options: type[Options] = GoodOptions
    lands: Literal["rows", "objects"] = "rows"


@pytest.mark.parametrize("fetch", [good, with_watermark])
def test_a_connector_that_keeps_the_rules_passes(fetch: Fetch) -> None:
    check_connector(Made(fetch), {"table": "t"}, EXPECTED, secret=SECRET)


@pytest.mark.parametrize(
    ("connector", "words"),
    [
        (Made(name="Made Up"), "cannot stand in patron.toml"),
        (Made(meaning=""), "does not say in a few words"),
        (Made(lands="tables"), "neither rows nor objects"),  # type: ignore[arg-type]
        (Made(options=dict), "no subclass"),  # type: ignore[arg-type]
        (Made(options=CarelessOptions), "takes options that it does not know"),
        (Made(options=SilentOptions), r"\['table'\] do not say what they mean"),
        (Made(options=OpenOptions), "named like credentials"),
        (Made(forgetful), r"did not fetch \[\{'id': '2', 'at': 'b'\}\]"),
        (Made(repeating), "a second fetch of the same landed 1 more files"),
        (Made(swallowing), "although what it fetches cannot land"),
        (Made(lands="objects"), "fetched the files"),
    ],
)
def test_what_breaks_a_rule_is_named(connector: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_connector(connector, {}, EXPECTED, secret=SECRET)


def test_a_connector_that_lands_its_credential_is_found_out() -> None:
    with pytest.raises(AssertionError, match="the credential stands in"):
        check_connector(Made(talkative), {}, [{**row, "key": SECRET} for row in EXPECTED], secret=SECRET)
