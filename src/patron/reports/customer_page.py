"""What a release says of one customer, as a small table for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from patron.reports.customer_words import Told

_CELL: Final = Markup(
    '<tr><td style="text-align:left;white-space:nowrap">{}</td><td style="text-align:left">{}</td></tr>'
)
_WIDE: Final = Markup('<tr><td colspan="2" style="text-align:left">{}</td></tr>')
_TITLE: Final = Markup('<tr><th colspan="2" style="text-align:left">{}</th></tr>')


def customer_html(sections: Sequence[Told]) -> Markup:
    """The sections as one table; whatever came from files is escaped."""
    rows = [row for section in sections for row in (_TITLE.format(section.title), *_lines(section))]
    return Markup("<table>{}</table>").format(Markup("").join(rows))


def _lines(section: Told) -> list[Markup]:
    return [_CELL.format(label, words) if label else _WIDE.format(words.strip()) for label, words in section.lines]
