"""Rules of the user's own: previewed, approved by name, versioned, and only then in force."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patron.errors import BrokenContract, DataError, GateClosed, SettingsError, UsageError
from patron.pipeline.gates.rules import approve_rules, preview_rules, rule_versions
from patron.pipeline.inquiries.quarantine import quarantined_rows
from patron.pipeline.runner import Watcher, opened_run, run_until, run_workspace
from patron.pipeline.workspace import Workspace

HEADER = "who,when,amount,channel,branch\n"
SETTINGS = """\
[sources.sales]
table = "transactions"
files = "sales.csv"
[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "amount"
channel = "channel"
branch_id = "branch"

[sources.branches]
table = "branches"
files = "branches.csv"
[sources.branches.columns]
branch_id = "branch"

[quality]
quarantine_limit = 0.5

[models]
candidates = ["bg_nbd"]
"""
AT = datetime(2024, 6, 1, 12, tzinfo=UTC)


def rule(
    name: str, test: str, *, column: str = "amount", action: str = "quarantine", table: str = "transactions"
) -> str:
    return (
        f'\n[[quality.rules]]\nname = "{name}"\ntable = "{table}"\ncolumn = "{column}"\n{test}\naction = "{action}"\n'
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Forty sales of 1.00 to 40.00 by Ada and Bruno, of which every tenth was by a test till and one in no known branch."""
    rows = [
        f"{('Ada', 'Bruno')[n % 2]},2024-0{1 + n % 5}-{1 + n % 28:02d},{n + 1}.00,{'test' if n % 10 == 0 else 'web'},"
        f"{'b9' if n == 20 else f'b{n % 2}'}\n"
        for n in range(40)
    ]
    (tmp_path / "sales.csv").write_text(HEADER + "".join(rows), "utf-8")
    (tmp_path / "branches.csv").write_text("branch\nb0\nb1\n", "utf-8")
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def write_rules(folder: Path, *rules: str) -> None:
    (folder / "patron.toml").write_text(SETTINGS + "".join(rules), "utf-8")


def checked(folder: Path) -> str:
    """The run key after a run as far as the silver gate."""
    with opened_run(folder, Watcher(), now=AT) as run:
        run_until(run, "check", Watcher())
        return run.key


def test_a_rule_is_not_in_force_before_somebody_approves_it(shop: Path) -> None:
    before = checked(shop)
    write_rules(shop, rule("no_tests", 'none_of = ["test"]', column="channel"))
    assert checked(shop) == before
    assert quarantined_rows(shop, 10)[0] == {}
    outcome = run_workspace(shop, now=AT)
    assert any("nobody has approved (added no_tests)" in warning for warning in outcome.warnings)


def test_a_preview_shows_the_rows_that_approval_then_sets_aside(shop: Path) -> None:
    checked(shop)
    write_rules(shop, rule("no_tests", 'none_of = ["test"]', column="channel"))
    (affected,) = preview_rules(shop).affected
    assert (affected.change, affected.rows, affected.of, affected.share) == ("added", 4, 40, 0.1)
    assert [row["line"] for row in affected.first] == [2, 12, 22, 32]
    approve_rules(shop, by="Ada Lovelace", note="the tills of the training room", now=AT)
    checked(shop)
    reasons, rows = quarantined_rows(shop, 10)
    assert reasons == {"no_tests": 4}
    assert rows[0]["detail"] == "channel: test (transactions.channel must be none of test)"


@pytest.mark.parametrize(
    ("test", "column", "rows"),
    [
        ("at_least = 11", "amount", 10),
        ("at_most = 38", "amount", 2),
        ('at_most = "2024-04-30"', "occurred_at", 8),
        ('one_of = ["web"]', "channel", 4),
        ("longest = 3", "channel", 4),
        ("required = true", "product_id", 40),
        ('known_in = "branches"', "branch_id", 1),
    ],
)
def test_each_kind_of_rule_meets_the_rows_it_should(shop: Path, test: str, column: str, rows: int) -> None:
    checked(shop)
    write_rules(shop, rule("mine", test, column=column))
    (affected,) = preview_rules(shop).affected
    assert affected.rows == rows
    approve_rules(shop, by="Ada", now=AT)
    if rows > 20:
        with pytest.raises(BrokenContract, match="mine 40"):
            checked(shop)
    else:
        checked(shop)
        assert quarantined_rows(shop, 50)[0] == {"mine": rows}


def test_a_blocking_rule_stops_the_batch_and_a_warning_one_does_not(shop: Path) -> None:
    write_rules(shop, rule("no_tests", 'none_of = ["test"]', column="channel", action="warn"))
    approve_rules(shop, by="Ada", now=AT)
    assert any("no_tests" in warning for warning in run_workspace(shop, now=AT).warnings)
    write_rules(shop, rule("no_tests", 'none_of = ["test"]', column="channel", action="block"))
    approve_rules(shop, by="Ada", now=AT)
    with pytest.raises(GateClosed, match=r"accepted\.no_tests .*4 of 40 rows"):
        checked(shop)


def test_the_book_tells_every_version_and_what_changed(shop: Path) -> None:
    write_rules(shop, rule("low", "at_least = 2"), rule("high", "at_most = 30"))
    approve_rules(shop, by="Ada", note="first", now=AT)
    write_rules(shop, rule("low", "at_least = 3"), rule("new", "longest = 4", column="channel"))
    approve_rules(shop, by="Bruno", now=AT)
    first, second = rule_versions(shop)
    assert (first.version, first.approved_by, first.note, first.changes.added) == (1, "Ada", "first", ("high", "low"))
    assert (second.changes.added, second.changes.changed, second.changes.removed) == (("new",), ("low",), ("high",))
    assert [rule.name for rule in Workspace.at(shop).settings.quality.rules] == ["low", "new"]


def test_a_removed_rule_gives_its_rows_back(shop: Path) -> None:
    write_rules(shop, rule("high", "at_most = 30"))
    approve_rules(shop, by="Ada", now=AT)
    checked(shop)
    write_rules(shop)
    (affected,) = preview_rules(shop).affected
    assert (affected.change, affected.back) == ("removed", 10)
    approve_rules(shop, by="Ada", now=AT)
    checked(shop)
    assert quarantined_rows(shop, 1)[0] == {}


def test_approving_nothing_and_nobodys_approval_are_refused(shop: Path) -> None:
    with pytest.raises(UsageError, match="holds no rule"):
        approve_rules(shop, by="Ada", now=AT)
    write_rules(shop, rule("low", "at_least = 2"))
    with pytest.raises(UsageError, match="somebody who approves"):
        approve_rules(shop, by="  ", now=AT)
    approve_rules(shop, by="Ada", now=AT)
    with pytest.raises(UsageError, match="version 1, which is in force"):
        approve_rules(shop, by="Ada", now=AT)


def test_a_book_that_was_changed_is_refused_with_its_line(shop: Path) -> None:
    write_rules(shop, rule("low", "at_least = 2"))
    approve_rules(shop, by="Ada", now=AT)
    book = shop / "rules.jsonl"
    told = json.loads(book.read_text("utf-8"))
    told["rules"][0]["at_least"] = 1
    book.write_text(json.dumps(told) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"rules\.jsonl, line 1: .* was changed since it was approved"):
        Workspace.at(shop)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (rule("a", "at_least = 2\nat_most = 3"), "at_least and at_most given"),
        (rule("a", "at_least = 2", column="channel"), "does not fit transactions.channel"),
        (rule("a", 'at_least = "soon"'), "neither a number nor a day"),
        (rule("a", "at_least = 2", column="amont"), "amont"),
        (rule("a", 'known_in = "products"', column="branch_id"), "no table of that name has branch_id as its key"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_line(shop: Path, body: str, told: str) -> None:
    write_rules(shop, rule("fine", "at_least = 0"), body)
    with pytest.raises(SettingsError) as refused:
        Workspace.at(shop)
    assert told in str(refused.value)
    lines = (shop / "patron.toml").read_text("utf-8").splitlines()
    second = [number for number, line in enumerate(lines, start=1) if line == "[[quality.rules]]"][1]
    assert f"line {second}: quality.rules.1" in str(refused.value)
