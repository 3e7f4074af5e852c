"""A customer's page: nothing from a file becomes markup, and no line is longer than a terminal's."""

from __future__ import annotations

from patron.reports.customer_page import customer_html
from patron.reports.customer_words import WIDTH, Told, customer_text

HOSTILE = Told("Customer <b>Ada</b>", (("Place", "<script>alert(1)</script>"), ("", "a & b")))
LONG = Told("Where they belong", (("Cluster", "because they buy often, " * 20), ("", "everything else " * 20)))


def test_whatever_came_from_files_is_escaped() -> None:
    page = customer_html([HOSTILE])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "Customer &lt;b&gt;Ada&lt;/b&gt;" in page
    assert "a &amp; b" in page


def test_long_sentences_are_wrapped_beneath_their_label() -> None:
    lines = customer_text((HOSTILE, LONG)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    first = next(place for place, line in enumerate(lines) if line.startswith("Cluster"))
    assert lines[first].index("because") == len(lines[first + 1]) - len(lines[first + 1].lstrip())
