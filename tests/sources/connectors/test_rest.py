"""Services over HTTP: every way of paging, busy and broken ones, and the credential that goes to nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from patron.errors import BrokenContract, SourceFailed
from patron.sources.connectors.rest import Rest, RestOptions
from patron.testing.connectors import check_connector
from sources.connectors.fetches import fetch, landed, whole_folder
from sources.connectors.services import Answer, Asked, service

SECRET = "hunter2-of-the-shop"  # noqa: S105
RECORDS = [{"id": n, "who": f"c{n}", "at": f"2024-01-{n:02d}T10:00:00Z"} for n in range(1, 8)]


def page(records: list[dict[str, Any]], headers: dict[str, str] | None = None, **more: Any) -> Answer:
    return Answer(json.dumps({"items": records, **more}).encode(), headers=headers or {})


def by_number(asked: Asked) -> Answer:
    number = int(asked.params["p"])
    return page(RECORDS[3 * number : 3 * number + 3])


def by_offset(asked: Asked) -> Answer:
    begin = int(asked.params["from"])
    return page(RECORDS[begin : begin + 3])


def by_cursor(asked: Asked) -> Answer:
    begin = int(asked.params.get("after", 0))
    return page(RECORDS[begin : begin + 3], meta={"next": str(begin + 3) if begin + 3 < len(RECORDS) else None})


def by_link(asked: Asked) -> Answer:
    begin = int(asked.params.get("after", 0))
    return page(RECORDS[begin : begin + 3], links={"next": f"?after={begin + 3}"} if begin + 3 < len(RECORDS) else {})


def by_header(asked: Asked) -> Answer:
    begin = int(asked.params.get("after", 0))
    link = f'</orders?after=0>; rel="first", </orders?after={begin + 3}>; rel="next"'
    return page(RECORDS[begin : begin + 3], {"Link": link} if begin + 3 < len(RECORDS) else {})


@pytest.mark.parametrize(
    ("answers", "options"),
    [
        (by_number, {"paging": "page", "page_param": "p", "first_page": 0}),
        (by_offset, {"paging": "offset", "offset_param": "from"}),
        (by_cursor, {"paging": "cursor", "cursor_param": "after", "next_path": "meta.next"}),
        (by_link, {"paging": "next_link", "next_path": "links.next"}),
        (by_header, {"paging": "link_header"}),
        (lambda _: page(RECORDS), {}),
    ],
)
def test_every_way_of_paging_keeps_the_rules_of_connectors(answers: Any, options: dict[str, Any]) -> None:
    with service(answers) as shop:
        expected = [{name: str(value) for name, value in record.items()} for record in RECORDS]
        check_connector(Rest(), {"url": f"{shop.url}/orders", "records": "items", **options}, expected, secret=SECRET)
        assert {request.headers["authorization"] for request in shop.asked} == {f"Bearer {SECRET}"}


def test_a_busy_service_is_asked_again_after_as_long_as_it_wants(tmp_path: Path) -> None:
    waits: list[float] = []
    refusals = [Answer(status=429, headers={"Retry-After": "7"}), Answer(status=503), Answer(b"{", cut=True)]

    def answers(_: Asked) -> Answer:
        return refusals.pop(0) if refusals else page(RECORDS)

    with service(answers) as shop:
        assert fetch(tmp_path, Rest(wait=waits.append), {"url": shop.url, "records": "items"}).rows == 7
    assert waits == [7.0, 1.0, 2.0]


def test_nothing_lands_if_a_fetch_fails_half_way(tmp_path: Path) -> None:
    def answers(asked: Asked) -> Answer:
        return by_number(asked) if asked.params["p"] == "0" else Answer(b"down for repair", status=500)

    options = {"paging": "page", "page_param": "p", "first_page": 0, "records": "items", "retries": 1}
    with service(answers) as shop, pytest.raises(SourceFailed, match=r"answered 500: down for repair.*asked 2 times"):
        fetch(tmp_path, Rest(wait=lambda _: None), {"url": shop.url, **options})
    assert landed(tmp_path) == []
    assert [path for path in (tmp_path / "lake" / "sales").rglob("*") if path.is_file()] == []


def test_a_refusal_is_told_at_once_and_without_the_credential(tmp_path: Path) -> None:
    def answers(asked: Asked) -> Answer:
        return Answer(f"no such key: {asked.headers['authorization']}".encode(), status=401)

    with service(answers) as shop, pytest.raises(SourceFailed) as caught:
        fetch(tmp_path, "rest", {"url": shop.url}, secret=SECRET)
    assert "answered 401: no such key: Bearer ***" in str(caught.value)
    assert len(shop.asked) == 1
    assert SECRET.encode() not in whole_folder(tmp_path)


@pytest.mark.parametrize("way", ["redirect", "next_link", "link_header"])
def test_the_credential_goes_to_no_other_host(way: str, tmp_path: Path) -> None:
    with service(lambda _: page(RECORDS)) as other:

        def answers(_: Asked) -> Answer:
            if way == "redirect":
                return Answer(status=302, headers={"Location": f"{other.url}/orders"})
            return page(RECORDS, {"Link": f'<{other.url}/more>; rel="next"'}, next=f"{other.url}/more")

        paging = "none" if way == "redirect" else way
        with service(answers) as shop, pytest.raises(SourceFailed, match="where no credential of yours is sent"):
            fetch(tmp_path, "rest", {"url": shop.url, "records": "items", "paging": paging}, secret=SECRET)
        assert other.asked == []
    assert landed(tmp_path) == []


def test_a_redirect_within_the_host_is_followed_but_not_for_ever(tmp_path: Path) -> None:
    def answers(asked: Asked) -> Answer:
        return Answer(status=307, headers={"Location": "/new"}) if asked.path == "/old" else page(RECORDS)

    with service(answers) as shop:
        assert fetch(tmp_path, "rest", {"url": f"{shop.url}/old", "records": "items"}).rows == 7
    circle = Answer(status=302, headers={"Location": "/again"})
    with service(lambda _: circle) as shop, pytest.raises(SourceFailed, match="leads on and on"):
        fetch(tmp_path / "other", "rest", {"url": shop.url})


def test_with_a_watermark_only_what_is_new_is_asked_for_and_equal_times_are_not_missed(tmp_path: Path) -> None:
    told = RECORDS[:3]

    def answers(asked: Asked) -> Answer:
        return page([record for record in told if record["at"] >= asked.params.get("since", "")])

    with service(answers) as shop:
        options = {"url": shop.url, "records": "items", "watermark": "at", "watermark_param": "since"}
        assert fetch(tmp_path, "rest", options).watermark == "2024-01-03T10:00:00Z"
        assert fetch(tmp_path, "rest", options).files == 0
        told = [*told, {"id": 99, "who": "late", "at": "2024-01-03T10:00:00Z"}, *RECORDS[3:5]]
        assert fetch(tmp_path, "rest", options).rows == 3
        assert shop.asked[-1].params == {"since": "2024-01-03T10:00:00Z"}
    assert [[row["id"] for row in file] for file in landed(tmp_path)] == [["1", "2", "3"], ["99", "4", "5"]]


def test_records_in_records_become_columns_and_numbers_keep_their_digits(tmp_path: Path) -> None:
    body = (
        b'[{"id": 12345678901234567890, "paid": 0.10, "who": {"id": "a", "tags": ["x"]}}, {"id": 2, "note": "later"}]'
    )
    with service(lambda _: Answer(body)) as shop:
        fetch(tmp_path, "rest", {"url": shop.url})
    assert landed(tmp_path) == [
        [
            {"id": "12345678901234567890", "paid": "0.10", "who.id": "a", "who.tags": '["x"]', "note": None},
            {"id": "2", "paid": None, "who.id": None, "who.tags": None, "note": "later"},
        ]
    ]


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (Answer(b"<html>"), {}, "its answer is no JSON"),
        (Answer(b'[{"a": NaN}]'), {}, "NaN is no number"),
        (Answer(b'[{"a.b": 1, "a": {"b": 2}}]'), {}, "tells 'a.b' twice"),
        (page(RECORDS), {"records": "data"}, "no list of records at 'data'; it holds items"),
        (page(RECORDS), {"records": "items", "max_bytes": 100}, "more than 100 bytes"),
        (page(RECORDS, next="?"), {"records": "items", "paging": "next_link"}, "go in a circle"),
        (page(RECORDS), {"records": "items", "paging": "page", "max_pages": 3}, "more than 3 pages"),
    ],
)
def test_an_answer_that_cannot_be_taken_says_why(
    answer: Answer, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with service(lambda _: answer) as shop, pytest.raises(SourceFailed, match=words):
        fetch(tmp_path, "rest", {"url": shop.url, **options})
    assert landed(tmp_path) == []


def test_a_record_without_the_watermark_is_refused(tmp_path: Path) -> None:
    with service(lambda _: Answer(b'[{"id": 1}]')) as shop:
        options = {"url": shop.url, "watermark": "at", "watermark_param": "since"}
        with pytest.raises(BrokenContract, match="'at' holds None"):
            fetch(tmp_path, "rest", options)


def test_a_service_that_is_not_there_is_told_with_its_source(tmp_path: Path) -> None:
    with service(lambda _: Answer()) as gone:
        url = gone.url
    with pytest.raises(SourceFailed, match=r"Source 'sales' could not be fetched: Connection.*the last release stays"):
        fetch(tmp_path, Rest(wait=lambda _: None), {"url": url, "retries": 1})


@pytest.mark.parametrize("url", ["http://shop.example/orders", "ftp://shop.example", "orders.json"])
def test_an_open_line_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(ValueError, match=r"not https|an address begins with"):
        RestOptions(url=url)
    assert RestOptions(url="http://shop.example/orders", allow_http=True).allow_http
