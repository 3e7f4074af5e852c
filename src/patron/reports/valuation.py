"""A release's scores and segments in memory, as columns: what the questions are asked of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from patron.errors import DamagedRelease, NothingThere
from patron.periods import day_of
from patron.reports.evidence import Evidence

SCORES_FILE: Final = "scores.parquet"
SEGMENTS_FILE: Final = "segments.parquet"
MANIFEST_FILE: Final = "manifest.json"
EVIDENCE_FILE: Final = "evidence.json"
_NUMBERS: Final = (
    "expected_orders",
    "expected_value",
    "value_low",
    "value_high",
    "probability_alive",
    "probability_no_purchase",
    "historic_value",
)
_DAYS: Final = ("next_purchase_from", "next_purchase_to")
_WORDS: Final = ("confidence", "tier", "rfm_segment")


@dataclass(frozen=True)
class Words:
    """A column of few distinct words: the words, and each customer's place among them."""

    words: tuple[str, ...]
    codes: NDArray[np.int64]

    def members(self, word: str) -> NDArray[np.bool_]:
        """Which customers carry this word."""
        return self.codes == (self.words.index(word) if word in self.words else -1)

    def of(self, row: int) -> str:
        """The word of one customer."""
        return self.words[int(self.codes[row])]


@dataclass(frozen=True)
class Valuation:
    """Scores joined with segments, one entry per customer in the order of scores.parquet."""

    customer_ids: Any  # a pyarrow string array: a million Python strings would be slow, and pyarrow has no types
    numbers: dict[str, NDArray[np.float64]]
    days: dict[str, Any]  # pyarrow date arrays
    words: dict[str, Words]

    @property
    def customers(self) -> int:
        return len(self.customer_ids)

    @property
    def expected_value(self) -> NDArray[np.float64]:
        return self.numbers["expected_value"]

    @property
    def historic_value(self) -> NDArray[np.float64]:
        return self.numbers["historic_value"]

    def customer_id(self, row: int) -> str:
        """The id of one customer."""
        return str(self.customer_ids[row].as_py())

    def day(self, name: str, row: int) -> date | None:
        """A day of one customer, or None where it is empty."""
        value = self.days[name][row].as_py()
        return day_of(value) if isinstance(value, int) else value


@dataclass(frozen=True)
class Imprint:
    """Where a release comes from, as its manifest says."""

    id: str
    created_at: str
    data_hash: str
    code_version: str
    profile: str
    as_of: str
    horizon_days: int
    files: dict[str, str]


def read_imprint(release: Path) -> Imprint:
    """The origin of a release, from its manifest.json."""
    text = _text(release, MANIFEST_FILE)
    try:
        content = json.loads(text)
        return Imprint(**{name: content[name] for name in Imprint.__dataclass_fields__})
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DamagedRelease(f"The manifest of release {release.name} cannot be read: {error}.") from error


def read_evidence(release: Path) -> Evidence:
    """The evidence that a run left in its release."""
    return Evidence.from_json(_text(release, EVIDENCE_FILE))


def read_valuation(release: Path) -> Valuation:
    """The scores of a release, joined with its segments by customer."""
    scores = _table(release, SCORES_FILE, ("customer_id", *_NUMBERS, *_DAYS, "confidence"))
    segments = _in_order_of(scores, _table(release, SEGMENTS_FILE, ("customer_id", "tier", "rfm_segment")), release)
    return Valuation(
        customer_ids=scores["customer_id"].combine_chunks(),
        numbers={name: _numbers(scores[name]) for name in _NUMBERS},
        days={name: scores[name].combine_chunks() for name in _DAYS},
        words={name: _words((scores if name == "confidence" else segments)[name]) for name in _WORDS},
    )


def _text(release: Path, name: str) -> str:
    path = release / name
    if not path.is_file():
        raise NothingThere(
            f"Release {release.name} has no {name}.", to_do="'patron release list' names the releases that are whole."
        )
    return path.read_text(encoding="utf-8")


# pyarrow carries no types: its tables and columns are Any.
def _table(release: Path, name: str, columns: tuple[str, ...]) -> Any:
    path = release / name
    if not path.is_file():
        raise NothingThere(
            f"Release {release.name} has no {name}.", to_do="'patron release list' names the releases that are whole."
        )
    try:
        table = pq.read_table(path, columns=list(columns))
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedRelease(f"{name} of release {release.name} cannot be read: {error}.") from error
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise DamagedRelease(f"{name} of release {release.name} has no column {', '.join(missing)}.")
    return table


def _in_order_of(scores: Any, segments: Any, release: Path) -> Any:
    if scores["customer_id"].equals(segments["customer_id"]):
        return segments
    places = pc.index_in(scores["customer_id"], value_set=segments["customer_id"])
    if places.null_count:
        raise DamagedRelease(
            f"In release {release.name}, {places.null_count} of {len(scores)} scored customers have no segment."
        )
    return segments.take(places)


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _words(column: Any) -> Words:
    coded = column.combine_chunks()
    coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
    return Words(
        tuple(str(word) for word in coded.dictionary.to_pylist()), np.asarray(coded.indices.to_numpy(), dtype=np.int64)
    )
