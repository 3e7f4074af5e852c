"""Rules of your own counted on a release as it is, before any run: one query over its Parquet files."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends import BaseBackend

from patron.pipeline.workspace import Workspace
from patron.releases.contents import BEHAVIOUR, FEATURES, SCORES, SEGMENTS, load_release
from patron.segments.rules import (
    RuleCount,
    UnheldName,
    count_rules,
    described_customers,
    named_columns,
    read_counts,
    rule_text,
    unheld_names,
)


@dataclass(frozen=True)
class CheckedRule:
    """One rule of patron.toml: its words, and how many customers of the release it would hold."""

    words: str
    description: str
    count: RuleCount

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        """All of it as plain data, for JSON."""
        return {**asdict(self.count), "words": self.words, "description": self.description}


@dataclass(frozen=True)
class RuleCheck:
    """The rules that patron.toml proposes, counted on a release, how long that took, and names in them that nobody has."""

    release: str
    currency: str
    rules: tuple[CheckedRule, ...]
    seconds: float
    unheld: tuple[UnheldName, ...] = ()


def check_rules(workspace: Path, release: str | None = None) -> RuleCheck:
    """Count the rules of patron.toml on a release, the current one unless named.

    Raises SettingsError for a rule that cannot be read, UsageError for one that asks about a column these customers lack.
    """
    rules = Workspace.at(workspace).settings.segments.rules
    opened = load_release(workspace, release)
    began = time.perf_counter()
    counted: tuple[RuleCount, ...] = ()
    unheld: tuple[UnheldName, ...] = ()
    if rules:
        with closing(duckdb.connect(":memory:")) as connection:
            reader = ibis.duckdb.from_connection(connection)
            files = [opened.folder / file for file in (SCORES, SEGMENTS, BEHAVIOUR, FEATURES)]
            tables = [reader.read_parquet(str(path)) for path in files if path.is_file()]
            described = described_customers(tables[0], tables[1:], rules)
            counted = read_counts(rules, reader.to_pyarrow(count_rules(described, rules)))
            unheld = unheld_names(rules, {name: _texts(reader, described, name) for name in named_columns(rules)})
    seconds = time.perf_counter() - began
    checked = tuple(
        CheckedRule(rule_text(rule), rule.description, one) for rule, one in zip(rules, counted, strict=True)
    )
    return RuleCheck(opened.id, opened.manifest.currency, checked, seconds, unheld)


def _texts(reader: BaseBackend, described: ir.Table, column: str) -> frozenset[str]:
    """What customers hold in a column of texts."""
    texts = described.filter(described[column].notnull()).select(text=described[column].cast("string")).distinct()
    return frozenset(reader.to_pyarrow(texts)["text"].to_pylist())
