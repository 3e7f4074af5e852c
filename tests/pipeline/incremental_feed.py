"""A small feed of everything that makes loading hard, cut into any number of batches and loaded in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from patron.pipeline.workspace import Workspace

CUSTOMERS, ORDERS = 140, 560
FIRST_DAY, DAYS = date(2024, 1, 1), 420
ARRIVED = datetime(2025, 6, 1, 8, tzinfo=UTC)
GOLD = {
    "customer_features": "customer_id",
    "scores": "customer_id",
    "segments": "customer_id",
    "behaviour": "customer_id",
    "members": "customer_id",
    "moves": "customer_id",
    "bridge": "customer_id",
    "forecast": "month",
    "forecast_cohorts": "cohort",
}
SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in/sales"
row_id = "line_id"
row_version = "changed"
deleted_when = { column = "state", equals = ["deleted"] }
columns = { customer_id = "who", order_id = "receipt", occurred_at = "when", known_at = "booked", amount = "amount", channel = "channel", product_id = "article" }

[sources.kiosk]
table = "transactions"
files = "in/kiosk"
repeated_rows = "keep"
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }

[sources.people]
table = "customers"
files = "in/people"
row_version = "changed"
columns = { customer_id = "who", acquired_on = "since", country = "country" }

[sources.clicks]
table = "engagements"
files = "in/clicks"
columns = { customer_id = "who", occurred_at = "when", known_at = "booked", kind = "kind" }

[sources.opinions]
table = "reviews"
files = "in/opinions"
row_id = "review"
row_version = "edition"
columns = { customer_id = "who", occurred_at = "when", rating = "stars" }

[quality]
quarantine_limit = 1.0
history = "warn"

[models]
candidates = ["bg_nbd", "boosting"]
folds = 2

# Calm labels remember the releases between; the raw ones do not.
[segments]
hysteresis = 0.0
"""
HEADERS = {
    "sales": "line_id,changed,state,who,receipt,when,booked,amount,channel,article",
    "kiosk": "who,when,amount",
    "people": "who,changed,since,country",
    "clicks": "who,when,booked,kind",
    "opinions": "review,edition,who,when,stars",
}
Feed = dict[str, list[str]]
Gold = dict[str, str]


def random_feed(seed: int) -> Feed:
    """Rows of each source in the order of events: late ones, corrections, deletions, conflicts, repeats, refunds."""
    rng = Random(seed)  # noqa: S311
    return {
        "sales": [line for number in range(ORDERS) for line in _order(rng, number)],
        "kiosk": [f"{_who(rng)},{_day(rng)},{rng.randint(1, 9)}.50" for _ in range(60)],
        "people": [line for number in range(CUSTOMERS) for line in _person(rng, number)],
        "clicks": [line for _ in range(120) for line in _click(rng)],
        "opinions": [line for number in range(30) for line in _opinion(rng, number)],
    }


def _day(rng: Random, most: int = DAYS) -> date:
    return FIRST_DAY + timedelta(days=rng.randrange(most))


def _who(rng: Random) -> str:
    return "" if rng.random() < 0.15 else f"c{min(rng.randrange(CUSTOMERS), rng.randrange(CUSTOMERS)):03}"


def _order(rng: Random, number: int) -> Iterator[str]:
    day, who, receipt = _day(rng), _who(rng), f"R{number}" if rng.random() < 0.7 else ""
    for place in range(rng.choice([1, 1, 1, 2, 3])):
        booked = f"{day + timedelta(days=rng.randint(1, 40))}" if rng.random() < 0.15 else ""
        rest = f"{rng.choice(['web', 'shop'])},p{rng.randrange(6)}"
        amount = -rng.randint(1, 20) if rng.random() < 0.1 else rng.randint(1, 80)
        versions = rng.choices([1, 2, 3], [8, 3, 1])[0]
        for version in range(1, versions + 1):
            changed = f"{day} 10:0{version}:00"
            line = f"N{number}-{place},{changed},,{who},{receipt},{day},{booked},{amount + version}.25,{rest}"
            yield from [line] * rng.choices([1, 2], [9, 1])[0]
        if rng.random() < 0.04:  # the newest version once more, told otherwise
            yield f"N{number}-{place},{changed},,{who},{receipt},{day},{booked},999.00,{rest}"
        if rng.random() < 0.06:
            yield f"N{number}-{place},{day} 11:00:00,deleted,,,,,,,"


def _person(rng: Random, number: int) -> Iterator[str]:
    since = _day(rng, 200)
    for version in range(1, rng.randint(2, 4)):
        yield f"c{number:03},{version},{since},{rng.choice(['FR', 'DE', 'IT'])}"


def _click(rng: Random) -> Iterator[str]:
    day = _day(rng)
    booked = f"{day + timedelta(days=rng.randint(1, 20))}" if rng.random() < 0.2 else ""
    line = (
        f"{_who(rng)},{day} {rng.randrange(24):02}:00,{booked},{rng.choice(['email_open', 'click', 'visit', 'call'])}"
    )
    yield from [line] * rng.choice([1, 1, 1, 2])


def _opinion(rng: Random, number: int) -> Iterator[str]:
    day, who = _day(rng), _who(rng)
    for edition in range(1, rng.randint(2, 4)):
        yield f"V{number},{edition},{who},{day},{rng.randint(2, 10) / 2}"


def cut(feed: Feed, batches: int, *, shuffle: int | None = None) -> list[Feed]:
    """The feed in so many batches, small sources in a tenth of them, the first included: in the order of events, or shuffled."""
    found: list[Feed] = [{} for _ in range(batches)]
    rng = Random(shuffle)  # noqa: S311
    for source, rows in feed.items():
        lines = rows if shuffle is None else rng.sample(rows, len(rows))
        count = batches if source == "sales" else -(-batches // 10)
        for number in range(count):
            found[number * batches // count][source] = lines[
                number * len(lines) // count : (number + 1) * len(lines) // count
            ]
    return found


def workspace(folder: Path) -> Path:
    """An empty workspace that waits for the feed."""
    folder.mkdir(parents=True)
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    return folder


def drop_in(folder: Path, batch: Feed, number: int) -> None:
    """Put one batch's files there; the number keeps their order."""
    for source, lines in batch.items():
        home = folder / "in" / source
        home.mkdir(parents=True, exist_ok=True)
        text = "\n".join([HEADERS[source], *lines]) + "\n"
        (home / f"{number:03}.csv").write_text(text, "utf-8")


def gold(folder: Path) -> Gold:
    """Every gold table that rows fill, to the last bit, whatever the order of its rows."""
    with Workspace.at(folder).warehouse() as house:
        found = {name: house.fetch(house.table("gold", name)) for name in house.names("gold") if name != "lineage"}
    assert set(found) == set(GOLD), sorted(set(found) ^ set(GOLD))
    return {
        name: repr(table.sort_by([(GOLD[name], "ascending"), (table.column_names[1], "ascending")]).to_pydict())
        for name, table in found.items()
    }


def counts(folder: Path, sources: Sequence[str] = tuple(HEADERS)) -> dict[str, int]:
    """Rows in, accepted, duplicate and quarantined of these sources."""
    with Workspace.at(folder).warehouse() as house:
        rows = house.fetch(house.table("silver", "intake")).to_pylist()
    names = ("rows_in", "accepted", "duplicate", "quarantined")
    return {name: sum(row[name] for row in rows if row["source"] in sources) for name in names}
