"""What texts look like, told by a sample and by the most frequent values: shapes, spellings, and personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.quality.profile.findings import Pattern

_MOST_PATTERNS: Final = 5
_LONGEST_SHAPE: Final = 24
# In the order in which they are tried: what a column is said to hold if nearly all of its sampled values fit.
_KINDS: Final = {
    "e-mail addresses": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "web addresses": r"^https?://",
    "IP addresses": r"^\d{1,3}(\.\d{1,3}){3}$",
    "IBANs": r"^[A-Z]{2}\d{2}[A-Z0-9 ]{11,34}$",
    "UUIDs": r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
    "telephone numbers": r"^(\+|00)\d[\d ()/.-]{6,18}\d$|^0\d{2,4}[ /-]\d[\d -]{4,12}$",
    "JSON": r"^[\[{].*[\]}]$",
}
PERSONAL: Final = frozenset({"e-mail addresses", "IP addresses", "IBANs", "telephone numbers"})
_NEARLY_ALL: Final = 0.9


def patterns(texts: pa.Array) -> tuple[Pattern, ...]:
    """The most frequent shapes of these texts: capital letters as A, small ones as a, digits as 9, repeats once."""
    given = pc.drop_null(texts)
    if not len(given):
        return ()
    shapes = pc.utf8_slice_codeunits(given, 0, _LONGEST_SHAPE * 2)
    for letters, sign in ((r"\p{Lu}+", "A"), (r"\p{Ll}+", "a"), (r"\p{Nd}", "9")):
        shapes = pc.replace_substring_regex(shapes, letters, sign)
    shapes = pc.replace_substring_regex(pc.replace_substring_regex(shapes, "Aa", "Aa"), "(Aa ?){3,}", "Aa Aa…")
    shapes = pc.utf8_slice_codeunits(shapes, 0, _LONGEST_SHAPE)
    counts = pc.value_counts(shapes).to_pylist()
    ranked = sorted(counts, key=lambda entry: (-entry["counts"], entry["values"]))[:_MOST_PATTERNS]
    return tuple(
        Pattern(entry["values"], entry["counts"] / len(given), given[pc.index(shapes, entry["values"]).as_py()].as_py())
        for entry in ranked
    )


def holds(texts: pa.Array) -> str:
    """What nearly all of these texts are, where that can be told: 'e-mail addresses' …; '' where it cannot."""
    given = pc.drop_null(texts)
    if not len(given):
        return ""
    for kind, shape in _KINDS.items():
        if (pc.sum(pc.match_substring_regex(given, shape)).as_py() or 0) >= _NEARLY_ALL * len(given):
            return kind
    return ""


def variants(values: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Values that differ only in capitals, spaces or dots: 'UK', 'uk ' and 'U.K.'."""
    alike: dict[str, list[str]] = {}
    for value in values:
        plain = re.sub(r"[\s._-]+", "", value).casefold()
        alike.setdefault(plain, []).append(value)
    return tuple(tuple(sorted(same)) for same in alike.values() if len(same) > 1)


def mixed_decimals(texts: pa.Array) -> bool:
    """Whether these are numbers, some with a decimal comma and others with a decimal point."""
    given = pc.drop_null(texts)
    comma, point, plain = (
        pc.sum(pc.match_substring_regex(given, rf"^\s*[-+]?\d+{sign}\s*$")).as_py() or 0
        for sign in (r",\d{1,2}", r"\.\d{1,2}", "")
    )
    return comma > 0 and point > 0 and comma + point + plain >= _NEARLY_ALL * len(given)
