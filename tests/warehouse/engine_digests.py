"""Write docs/engines.md: what each engine answers, as digests that can be compared at a glance.

``python tests/warehouse/engine_digests.py`` asks every engine for real; a test holds the page to what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from warehouse.answered import WHICH, WORLDS, answers_of, digests
from warehouse.engines import ENGINES

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "engines.md"
_TITLES: Final = {"golden": "The golden world", "generated": f"{WORLDS} generated worlds"}
_HEAD: Final = """# Engines

One line of patron.toml moves a run to another engine, and the answers stay the same:

```toml
[warehouse]
engine = "postgres"
```

| engine | where the tables live | to install | to read on |
| --- | --- | --- | --- |
| `duckdb` | one file in the workspace; the default | – | [settings](settings.md) |
| `postgres` | schemas of a database | `pip install 'patron[postgres]'` | [PostgreSQL](postgres.md) |
| `spark` | Parquet files, worked on by executors | `pip install 'patron[spark]'` | [Spark](spark.md) |
| `bigquery` | datasets of a project | `pip install 'patron[bigquery]'` | [BigQuery](bigquery.md) |

## Equal answers

Every engine is asked the same questions, about a golden world told by hand (refunds, rows that became known late,
split orders, corrections, contacts, contracts) and about generated worlds of thirty customers each. Below is what
each answers: the rows, and a digest of their content, with counts, days, money and words to the letter and floats to
nine digits. Scores and segments come from a model fitted to each world by itself.

This page is written by `python tests/warehouse/engine_digests.py`, which asks PostgreSQL and Spark for real;
`pytest -m engines` holds it to what they answer today.
"""


def document() -> str:
    """The page, from the engines' answers of today."""
    return "\n".join([_HEAD, *(line for which in WHICH for line in _table(which))])


def _table(which: str) -> Iterator[str]:
    told = {engine: digests(answers_of(engine, which)) for engine in ENGINES}
    yield f"## {_TITLES[which]}"
    yield ""
    yield f"| what is asked | rows | {' | '.join(ENGINES)} |"
    yield "|---|---:" + "|---" * len(ENGINES) + "|"
    for kind, (rows, _) in told["duckdb"].items():
        yield f"| {kind} | {rows:,} | {' | '.join(f'`{told[engine][kind][1]}`' for engine in ENGINES)} |"
    yield ""


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
