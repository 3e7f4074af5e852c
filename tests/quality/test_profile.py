"""A profile's figures are those that a person would count, and its suggestions name what was planted."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from scipy import stats

import patron
from patron.errors import NothingThere, UnknownName
from patron.pipeline.profiling.profile import profile
from patron.quality.profile.findings import Advice, TableProfile
from patron.quality.profile.shifts import number_shift, word_shift
from patron.quality.profile.together import cramers_v
from patron.reports.profile_page import profile_facts, render_profile
from patron.settings import WarehouseSettings
from patron.warehouse import DuckDBWarehouse

NOW = datetime(2025, 6, 30, tzinfo=UTC)
ROWS = 4_000


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which everything that a profile should notice was planted."""
    rng = np.random.default_rng(7)
    amount = np.round(rng.lognormal(3, 0.6, ROWS), 2)
    amount[0] = 999_999.5
    words = [f"{value:.2f}" for value in amount]
    words[1:4] = ["twelve", "n.a", "?"]
    day = [date(2025, 1, 1) + timedelta(days=int(k)) for k in rng.integers(0, 120, ROWS)]
    day = [one if not date(2025, 3, 10) <= one <= date(2025, 3, 20) else date(2025, 3, 9) for one in day]
    country = rng.choice(["UK", "uk", "Germany", "France"], ROWS, p=[0.5, 0.02, 0.3, 0.18])
    table = {
        "id": [f"r{n}" for n in range(ROWS)],
        "day": [one.isoformat() for one in day],
        "amount": words,
        "doubled": [str(round(2 * value, 2)) for value in amount],
        "country": country.tolist(),
        "currency": ["GBP" if one.lower() == "uk" else "EUR" for one in country],
        "note": ["x"] * 12 + [""] * (ROWS - 12),
        "shop": ["1"] * ROWS,
        "age": [str(n) for n in np.where(rng.random(ROWS) < 0.03, 999, rng.integers(18, 80, ROWS))],
        "mail": [f"someone{n}@example.org" for n in rng.integers(0, 900, ROWS)],
        "comma": [f"{n % 90},5" if n % 3 else f"{n % 90}.5" for n in range(ROWS)],
        "code": [f"0{n % 500:04}" for n in range(ROWS)],
    }
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    pc.write_csv(pa.table(table), path)
    return path


@pytest.fixture(scope="module")
def found(orders: Path) -> TableProfile:
    return profile(str(orders), now=NOW)


def told(found: TableProfile, column: str) -> str:
    return " | ".join(one.words for one in found.advice if one.column == column)


def test_types_are_seen_in_the_values(found: TableProfile) -> None:
    seen = {column.name: column.seen for column in found.columns}
    assert seen["day"] == "date"
    assert seen["amount"] == "number"
    assert seen["age"] == "whole number"
    assert (seen["code"], seen["id"]) == ("text", "text")  # leading zeros are no number


def test_counts_and_quantiles_are_those_of_the_rows(found: TableProfile, orders: Path) -> None:
    rows = pc.read_csv(orders, convert_options=pc.ConvertOptions(column_types={"amount": pa.string()}))
    amount = np.array([float(text) for text in rows["amount"].to_pylist() if text.replace(".", "", 1).isdigit()])
    numbers = found.column("amount").numbers
    assert numbers is not None
    assert (found.rows, found.column("amount").given, found.column("amount").unread) == (ROWS, ROWS - 3, 3)
    assert numbers.mean == pytest.approx(amount.mean())
    assert numbers.deviation == pytest.approx(amount.std())
    for share in ("0.25", "0.5", "0.75", "0.99"):
        assert numbers.quantiles[share] == np.quantile(amount, float(share), method="inverted_cdf")
    assert sum(one.rows for one in numbers.bins) + numbers.below + numbers.above == len(amount)
    assert found.column("note").missing == ROWS - 12
    assert found.column("mail").distinct == len(set(rows["mail"].to_pylist()))
    dates = found.column("day").dates
    assert dates is not None
    assert sum(dates.weekdays) == sum(month.rows for month in dates.months) == ROWS


def test_what_goes_together_is_told_with_its_strength(found: TableProfile) -> None:
    strength = {(pair.one, pair.other, pair.measure): pair.strength for pair in found.pairs}
    assert strength["amount", "doubled", "spearman"] == pytest.approx(1, abs=0.001)
    assert strength["country", "currency", "cramers_v"] > 0.99
    assert abs(strength["doubled", "age", "pearson"]) < 0.1


def test_cramers_v_is_none_by_chance_and_one_for_the_same() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 4, 5_000), rng.integers(0, 5, 5_000)
    assert cramers_v(one, one) == pytest.approx(1, abs=1e-3)
    assert (cramers_v(one, other) or 0) < 0.03
    assert cramers_v(one[:10], other[:10]) is None


def test_keys_are_found_alone_or_in_pairs(found: TableProfile, tmp_path: Path) -> None:
    assert ("id",) in found.keys
    pairs = pa.table({"basket": [n // 10 for n in range(500)], "place": [n % 10 for n in range(500)]})
    pc.write_csv(pairs, tmp_path / "lines.csv")
    assert profile(str(tmp_path / "lines.csv"), now=NOW).keys == (("basket", "place"),)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("amount", "3 values that are no number, such as"),
        ("amount", "times what 99 % stay below"),
        ("country", "spells the same in several ways: UK = uk"),
        ("note", "99.70 % empty"),
        ("shop", "always says '1'"),
        ("age", "says 999 in"),
        ("mail", "holds e-mail addresses: personal data"),
        ("comma", "decimal comma in some rows and a decimal point in others"),
        ("day", "no row for 11 days between 2025-03-09 and 2025-03-21"),
        ("id", "looks like a key"),
        ("amount", "tells the same as doubled"),
    ],
)
def test_a_suggestion_names_what_was_planted(found: TableProfile, column: str, words: str) -> None:
    assert words in told(found, column)


def test_every_suggestion_says_what_to_do(found: TableProfile) -> None:
    assert all(isinstance(one, Advice) and one.words and one.to_do for one in found.advice)
    assert [one.level for one in found.advice] == sorted(
        (one.level for one in found.advice), key="mend look know".index
    )


def test_equal_rows_are_counted(tmp_path: Path) -> None:
    pc.write_csv(pa.table({"who": ["Ada", "Ada", "Ada", "Bo"], "what": [1, 1, 2, 3]}), tmp_path / "twice.csv")
    assert profile(str(tmp_path / "twice.csv"), now=NOW).equal_rows == 1


def test_the_same_file_gives_the_same_profile(orders: Path, found: TableProfile) -> None:
    assert profile_facts(profile(str(orders), now=NOW)) == profile_facts(found)


def test_the_page_stands_alone_and_json_holds_every_figure(found: TableProfile) -> None:
    page = render_profile(found)
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert page.count("<figure") == len(found.columns) + 1
    assert len(page) < 120_000
    facts = json.loads(json.dumps(profile_facts(found), allow_nan=False))
    assert facts["columns"][2]["unread"] == 3
    assert facts["columns"][6]["missing_share"] == pytest.approx(1 - 12 / ROWS)


def test_words_of_the_data_cannot_become_markup(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    pc.write_csv(pa.table({bad: ["<b>a</b>", "&amp;", "b"], "n": [1, 2, 3]}), tmp_path / "bad.csv")
    page = render_profile(profile(str(tmp_path / "bad.csv"), now=NOW))
    assert "<script" not in page
    assert "<b>a" not in page


def test_a_file_of_one_row_and_a_column_without_values_have_a_profile(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("a,b\n1,\n", "utf-8")
    found = patron.profile(tmp_path / "one.csv")
    assert (found.table.rows, found.table.column("b").given) == (1, 0)
    assert "is empty in every row" in str(found)
    assert found.to_html(tmp_path / "one.html").stat().st_size > 0


def test_what_is_neither_file_nor_table_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match="no file nothing.csv, and no workspace"):
        profile("nothing.csv", tmp_path)


def batches(before: pa.Array, now: pa.Array) -> pa.Table:
    newest = pa.array([False] * len(before) + [True] * len(now))
    return pa.table({"value": pa.concat_arrays([before, now]), "is_newest": newest})


def test_a_shift_is_told_and_chance_is_not() -> None:
    rng = np.random.default_rng(3)
    with DuckDBWarehouse(None, WarehouseSettings()) as house:
        moved = 0
        for size in (100, 1_000, 5_000) * 6:
            same = batches(pa.array(rng.normal(size=4_000)), pa.array(rng.normal(size=size)))
            house.replace("work", "same", same)
            shift = number_shift(house, house.table("work", "same"), "value", (4_000, size))
            assert shift is not None
            assert shift.distance == pytest.approx(stats.ks_2samp(*split(same)).statistic, abs=1e-6)
            moved += shift.moved
        assert moved <= 1
        house.replace("work", "other", batches(pa.array(rng.normal(size=4_000)), pa.array(rng.normal(0.7, size=300))))
        other = number_shift(house, house.table("work", "other"), "value", (4_000, 300))
        assert other is not None
        assert other.moved


def split(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    newest = rows["is_newest"].to_numpy()
    return rows["value"].to_numpy()[~newest], rows["value"].to_numpy()[newest]


def test_new_and_vanished_words_are_told_when_they_are_many_enough() -> None:
    before = pa.array(["UK"] * 500 + ["Germany"] * 100 + ["Malta"])
    now = pa.array(["UK"] * 200 + ["Narnia"] * 40)
    with DuckDBWarehouse(None, WarehouseSettings()) as house:
        house.replace("work", "rows", batches(before, now))
        shift = word_shift(house, house.table("work", "rows"), "value", (601, 240))
    assert shift is not None
    assert shift.moved
    assert [value.value for value in shift.new_values] == ["Narnia"]
    assert [value.value for value in shift.gone_values] == ["Germany"]  # one Malta of 601 may well stay away


def test_tables_of_a_workspace_have_profiles_with_their_meanings_and_the_newest_batch(tmp_path: Path) -> None:
    from pipeline.test_queue import GOOD, add, check, shop

    folder = shop(tmp_path, GOOD)
    add(folder, "b.csv", GOOD.replace("r", "s").replace("2024-02", "2024-03").replace("EUR", ""))
    check(folder)
    silver = profile("transactions", folder, now=NOW)
    assert silver.name == "silver.transactions"
    assert silver.batch is not None
    assert (silver.batch.name, silver.batch.rows, silver.batch.earlier_rows) == ("b.csv", 60, 60)
    assert silver.column("amount").declared == "money"
    assert "is empty in 100 % of the newest batch, and was in 0" in told(silver, "currency")
    raw = profile("sales", folder, now=NOW)
    assert (raw.name, raw.rows, raw.column("amount").seen) == ("bronze.raw_sales", 120, "number")
    assert raw.batch == silver.batch
    with pytest.raises(UnknownName, match=r"No table or file named 'silver.transaction'.*Did you mean"):
        profile("silver.transaction", folder)
