"""BigQuery, as far as it can be judged without one: what it would refuse, that a step holds whole, and a run of everything.

The contract suite runs on it as well (``test_contract.py``), on the same stand-in. A real BigQuery is asked where its address is given.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
import sqlglot
import sqlglot.expressions as sge
from google.api_core.exceptions import Forbidden, ServiceUnavailable

from patron.credentials import Secret, read_credentials
from patron.errors import NothingThere, StorageFailed, UsageError, WorkspaceBusy
from patron.features.customer_features import customer_features
from patron.features.customer_groups import customer_groups
from patron.features.outcomes import outcomes
from patron.features.revenue_by_month import anonymous_revenue, cohort_revenue, newcomers
from patron.pipeline.lineage.lineage import ANY_DAY, ANY_HORIZON, CUTOFFS, Grounds
from patron.pipeline.runner import run_workspace
from patron.pipeline.workspace import Workspace
from patron.settings import Settings, WarehouseSettings
from patron.sources.samples import prepare_sample
from patron.tables import SOURCE_TABLES
from patron.warehouse import bigquery, open_warehouse
from patron.warehouse.bigquery import BigQueryWarehouse
from patron.warehouse.bigquery_session import Address, Session, address_of
from patron.warehouse.bigquery_sql import query_sql, stored_name
from warehouse.bigquery_rules import Schema, refusals
from warehouse.fake_bigquery import PROJECT, FakeClient

ADDRESS = "PATRON_TEST_BIGQUERY"
PEOPLE = pa.table({"who": ["Ada", "Bo"]})


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def opened(client: FakeClient) -> BigQueryWarehouse:
    return BigQueryWarehouse(Session(client, PROJECT), "patron")


@pytest.fixture(scope="module")
def everything() -> Grounds:
    """A workspace in which every column of every table is mapped, so that every query is asked."""
    sources = {
        table.name: {
            "table": table.name,
            "files": [f"{table.name}.csv"],
            "columns": {name: name for name in table.names},
        }
        for table in SOURCE_TABLES
    }
    value = {"currency": "EUR", "basis": "margin", "margin_rate": 0.4}
    return Grounds(Settings.model_validate({"sources": sources, "value": value}), {})


def queries(of: Grounds) -> Iterator[tuple[str, ibis.expr.types.Table]]:
    """Every query that makes a table of the work or gold layer, over tables that nobody holds."""
    yield from of.prepared.items()
    yield "customer_features", customer_features(of.kept, CUTOFFS, ANY_HORIZON, of.features)
    yield "customer_features of one day", customer_features(of.kept, CUTOFFS[:1], ANY_HORIZON, of.features)
    yield "past_outcomes", outcomes(of.kept, CUTOFFS, ANY_HORIZON, early_days=ANY_HORIZON // 2)
    yield "customer_groups", customer_groups({**of.silver, **of.kept}, of.present, CUTOFFS)
    yield "cohort_revenue", cohort_revenue(of.kept, ANY_DAY)
    yield "newcomers", newcomers(of.kept, ANY_DAY)
    yield "anonymous_revenue", anonymous_revenue(of.silver["transactions"], ANY_DAY)


@pytest.mark.slow
def test_no_query_of_a_feature_is_one_that_bigquery_refuses(everything: Grounds) -> None:
    asked = dict(queries(everything))
    assert len(asked) > 17
    schema = columns_by_type(everything)
    found = {name: refusals(query_sql(query), schema) for name, query in asked.items()}
    assert {name: told for name, told in found.items() if told} == {}


def columns_by_type(of: Grounds) -> Schema:
    """The columns of the tables that the queries ask, as BigQuery keeps them."""
    tables = {
        **{name: ("silver", table) for name, table in of.silver.items()},
        **{name: ("work", t) for name, t in of.kept.items()},
    }
    schema: Schema = {"": {"silver": {}, "work": {}}}
    for name, (layer, table) in tables.items():
        kinds = {column: str(kind) for column, kind in table.schema().items()}
        schema[""][layer][name] = {column: _KINDS[kind.partition("(")[0].lstrip("!")] for column, kind in kinds.items()}
    return schema[""]  # type: ignore[return-value]  # the queries name no project


_KINDS = {
    "string": "STRING",
    "decimal": "NUMERIC",
    "int64": "INT64",
    "int32": "INT64",
    "timestamp": "DATETIME",
    "date": "DATE",
    "float64": "FLOAT64",
    "boolean": "BOOL",
}
REFUSED = {
    "unknown_function": "SELECT EPOCH(`t`.`a`) FROM `d`.`t` AS `t`",
    "unknown_type": "SELECT CAST(`t`.`a` AS INTERVAL) FROM `d`.`t` AS `t`",
    "too_many_digits": "CREATE TABLE `d`.`t` (`a` NUMERIC(38, 4))",
    "aggregate_with_a_filter": "SELECT COUNT(*) FILTER (WHERE `t`.`a` > 1) FROM `d`.`t` AS `t`",
    "semi_or_anti_join": "SELECT `t`.`a` FROM `d`.`t` AS `t` SEMI JOIN `d`.`u` AS `u` ON `t`.`a` = `u`.`a`",
    "outer_join_without_equality": "SELECT 1 FROM `d`.`t` AS `t` LEFT JOIN `d`.`u` AS `u` ON `t`.`a` IS NOT DISTINCT FROM `u`.`a`",
    "correlated_without_equality": "SELECT 1 FROM `d`.`t` AS `t` WHERE EXISTS(SELECT 1 FROM `d`.`u` AS `u` WHERE `u`.`a` > `t`.`a`)",
    "division_by_what_may_be_zero": "SELECT `t`.`a` / `t`.`b` FROM `d`.`t` AS `t`",
    "frame_of_a_function_that_takes_none": "SELECT LAG(`a`) OVER (ORDER BY `a` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM `d`.`t`",
    "order_of_a_window_that_is_refused": "SELECT SUM(`a`) OVER (ORDER BY `a` NULLS LAST) FROM `d`.`t`",
    "qualify_without_a_window": "SELECT `a` FROM `d`.`t` QUALIFY `a` = 1",
    "change_without_where": "DELETE FROM `d`.`t`",
    "column_name": "SELECT `a` AS `order no` FROM `d`.`t`",
    "two_columns_of_one_name": "SELECT `a`, `b` AS `A` FROM `d`.`t`",
    "cast_that_is_refused": "SELECT CAST(`t`.`f` AS FLOAT64) AS `x` FROM `d`.`t` AS `t`",
    "count_of_seconds_from_a_datetime": "SELECT UNIX_SECONDS(`t`.`at`) AS `x` FROM `d`.`t` AS `t`",
    "partition_by_a_float": "SELECT SUM(1) OVER (PARTITION BY `t`.`x`) AS `y` FROM `d`.`t` AS `t`",
    "comparison_of_two_kinds": "SELECT `t`.`a` FROM `d`.`t` AS `t` WHERE `t`.`a` = `t`.`w`",
}


@pytest.mark.parametrize(("rule", "sql"), REFUSED.items(), ids=REFUSED)
def test_every_rule_finds_what_breaks_it(rule: str, sql: str) -> None:
    columns = {"a": "INT64", "b": "INT64", "f": "BOOL", "at": "DATETIME", "x": "FLOAT64", "w": "STRING"}
    found = refusals(sql, {"d": {"t": columns, "u": columns}})  # type: ignore[dict-item]
    assert rule in {told.partition(":")[0] for told in found}


def test_a_decimal_is_rounded_to_the_scale_it_is_cast_to() -> None:
    rows = ibis.table({"share": "float64", "wide": "decimal(38,9)", "count": "int64"}, name="t", database="d")
    told = rows.select(
        money=rows.share.cast("decimal(18,4)"),
        cut=rows.wide.cast("decimal(38,4)"),
        whole=rows["count"].cast("decimal(18,4)"),
    )
    sql = query_sql(told)
    assert "ROUND(CAST(`t0`.`share` AS NUMERIC), 4) AS `money`" in sql
    assert "ROUND(CAST(`t0`.`wide` AS BIGNUMERIC), 4) AS `cut`" in sql
    assert "CAST(`t0`.`count` AS NUMERIC) AS `whole`" in sql


def test_a_name_that_bigquery_refuses_gets_one_that_no_other_name_gets() -> None:
    odd = ["Order No", "Order.No", "Order No ", "_table_x", "patron_x", "Wert €", "x" * 129, ""]
    stored = [stored_name(name) for name in odd]
    assert len(set(stored)) == len(odd)
    assert all(re.fullmatch(r"patron_[0-9a-f]{24}", name) for name in stored)
    assert stored_name("ORDER NO") == stored_name("order no")
    assert [stored_name(name) for name in ("T", "customer_id", "_held_1")] == ["T", "customer_id", "_held_1"]


def test_what_a_step_writes_holds_with_one_statement(client: FakeClient) -> None:
    with opened(client) as house:
        house.replace("gold", "scores", PEOPLE)
        before = len(client.statements)
        with house.transaction():
            house.append("gold", "scores", PEOPLE)
            house.replace("gold", "segments", PEOPLE)
            assert house.count("gold", "scores") == 4
            assert client.shown("SELECT count(*) FROM patron_gold.scores") == [(2,)]
        statements = client.statements[before:]
    [held] = [n for n, sql in enumerate(statements) if sql.startswith("UPDATE") and "segments" not in sql][:1]
    assert all(not sql.startswith(("CREATE OR REPLACE VIEW", "DROP")) for sql in statements[:held])
    assert client.shown("SELECT count(*) FROM patron_gold.scores") == [(4,)]
    assert client.shown("SELECT who FROM patron_gold.segments ORDER BY who") == [("Ada",), ("Bo",)]


def test_a_table_that_is_replaced_goes_and_nothing_else_does(client: FakeClient) -> None:
    with opened(client) as house:
        for _ in range(3):
            house.replace("gold", "scores", PEOPLE)
        house.replace("work", "kept", PEOPLE)
    assert len(client.tables("patron_store")) == 3  # the catalog, and one for each
    assert client.tables("patron_gold") == {"scores"}


def test_of_two_runs_that_write_the_second_is_refused_and_changes_nothing(client: FakeClient) -> None:
    with opened(client) as one, opened(client) as other:
        one.replace("gold", "scores", PEOPLE)
        with pytest.raises(WorkspaceBusy, match="Another run has written to the warehouse patron_store"):
            other.replace("gold", "scores", pa.table({"who": ["Mallory"]}))
        assert not other.exists("gold", "scores")
    with opened(client) as later:
        assert later.fetch(later.table("gold", "scores"))["who"].to_pylist() == ["Ada", "Bo"]


def test_a_run_that_is_killed_leaves_what_held_and_the_rest_is_removed_a_day_later(client: FakeClient) -> None:
    with opened(client) as house:
        house.replace("gold", "scores", PEOPLE)
    killed = opened(client)
    unfinished = killed.transaction()
    unfinished.__enter__()
    killed.replace("gold", "scores", pa.table({"who": ["half"]}))
    assert len(client.tables("patron_store")) == 3
    with opened(client) as later:
        assert later.count("gold", "scores") == 2
    assert len(client.tables("patron_store")) == 3
    client.age = timedelta(days=2)
    with opened(client) as tomorrow:
        assert tomorrow.count("gold", "scores") == 2
    assert len(client.tables("patron_store")) == 2


def test_a_view_that_was_not_shown_before_a_crash_is_shown_by_the_next_run(
    client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(client) as house:
        house.replace("gold", "scores", PEOPLE)
        monkeypatch.setattr(BigQueryWarehouse, "_show", _power_fails)
        with pytest.raises(KeyboardInterrupt):
            house.replace("gold", "scores", pa.table({"who": ["Cy"]}))
    monkeypatch.undo()
    assert client.shown("SELECT count(*) FROM patron_gold.scores") == [(2,)]
    with opened(client) as later:
        assert later.fetch(later.table("gold", "scores"))["who"].to_pylist() == ["Cy"]
    assert client.shown("SELECT who FROM patron_gold.scores") == [("Cy",)]


def _power_fails(_: object) -> None:
    raise KeyboardInterrupt


def test_values_go_as_parameters_and_never_into_a_statement(client: FakeClient) -> None:
    with opened(client) as house:
        house.replace("work", "rows", PEOPLE)
        house.delete("work", "rows", {"who": "x' OR TRUE; --"})
        assert house.count("work", "rows") == 2
    assert not any("OR TRUE" in sql for sql in client.statements)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (Forbidden("Access Denied: Project our-project"), UsageError, "does not allow it.*BigQuery Data Editor"),
        (ServiceUnavailable("backend"), StorageFailed, "cannot be asked now.*finished steps are kept"),
    ],
)
def test_bigquerys_errors_are_told_in_our_words(
    client: FakeClient, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], words: str
) -> None:
    def refused(self: FakeClient, sql: str, job_config: object) -> None:
        raise error

    with opened(client) as house:
        house.replace("work", "rows", PEOPLE)
        monkeypatch.setattr(FakeClient, "query", refused)
        with pytest.raises(kind, match=words):
            house.fetch(house.table("work", "rows"))


def test_a_sum_that_no_decimal_holds_is_a_fault_of_the_data(client: FakeClient) -> None:
    with opened(client) as house:
        most = Decimal("99999999999999.9999")
        house.replace("work", "money", pa.table({"amount": pa.array([most] * 2, pa.decimal128(18, 4))}))
        money = house.table("work", "money")
        assert house.fetch(money.amount.sum().cast("decimal(38,4)").name("t").as_table())["t"][0].as_py() == 2 * most


def test_the_address_is_read_and_never_shown() -> None:
    told = address_of(Secret("bigquery://our-project/EU?key=/keys/patron.json"))
    assert told == Address("our-project", "EU", "/keys/patron.json")
    assert address_of(Secret("bigquery://our-project")) == Address("our-project", "US", "")
    with pytest.raises(UsageError, match=r"no BigQuery address.*bigquery://PROJECT") as refusal:
        address_of(Secret("postgresql://me:hush@host/db"))
    assert "hush" not in str(refusal.value)


def test_without_a_credential_or_a_login_the_user_is_told_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = WarehouseSettings(engine="bigquery")
    with pytest.raises(NothingThere, match="No credential named 'warehouse'"):
        open_warehouse(tmp_path, settings, read_credentials(tmp_path, {}))
    missing = read_credentials(tmp_path, {"PATRON_SECRET_WAREHOUSE": f"bigquery://p/EU?key={tmp_path}/none.json"})
    with pytest.raises(UsageError, match="There is no login for BigQuery"):
        open_warehouse(tmp_path, settings, missing)


@pytest.mark.slow
def test_a_whole_run_on_bigquery_publishes_what_a_run_on_duckdb_publishes(
    tmp_path: Path, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATRON_SECRET_WAREHOUSE", f"bigquery://{PROJECT}/EU")
    monkeypatch.setattr(bigquery, "open_client", lambda _: client)
    here, there = tmp_path / "duckdb", tmp_path / "bigquery"
    prepare_sample("shop", here, customers=120, seed=3)
    shutil.copytree(here, there)
    with (there / "patron.toml").open("a") as file:
        file.write('\n[warehouse]\nengine = "bigquery"\n')
    run_workspace(here)
    run_workspace(there)
    assert gold_of(there) == gold_of(here)
    assert unfit(client.statements) == {}


def gold_of(folder: Path) -> dict[str, list[dict[str, object]]]:
    """The gold tables in rows: counts, days and words as they are, floats to nine digits of what is common."""
    with Workspace.at(folder).warehouse() as house:
        return {
            name: sorted(
                (
                    {c: _rounded(v) for c, v in row.items()}
                    for row in house.fetch(house.table("gold", name)).to_pylist()
                ),
                key=str,
            )
            for name in house.names("gold")
            if name != "lineage"
        }


def _rounded(value: object) -> object:
    return float(f"{value:.9g}") if isinstance(value, float) else value


def unfit(statements: list[str]) -> dict[str, list[str]]:
    """The statements that BigQuery would refuse, judged with the columns of the tables as they were made."""
    schema: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    found = {}
    for sql in statements:
        if not sql.startswith("LOAD"):
            _note_columns(sql, schema)
            told = refusals(sql, schema)
            if told:
                found[sql] = told
    return found


def _note_columns(sql: str, schema: Schema) -> None:
    told = sqlglot.parse_one(sql, dialect="bigquery")
    made = told.find(sge.Table)
    if not isinstance(told, sge.Create | sge.Alter) or made is None:
        return
    columns = {c.name: c.args["kind"].sql(dialect="bigquery") for c in told.find_all(sge.ColumnDef)}
    clone = told.args.get("clone")
    if clone:
        source = clone.this
        columns |= schema[source.catalog][source.db][source.name]
    if not columns:  # a view
        return
    home = schema.setdefault(made.catalog, {}).setdefault(made.db, {})
    home[made.name] = home.get(made.name, {}) | columns if isinstance(told, sge.Alter) else columns


@pytest.mark.engines
def test_a_real_bigquery_does_the_same(tmp_path: Path) -> None:
    address = os.environ.get(ADDRESS)
    if not address:
        pytest.skip(
            f"no BigQuery is at hand: set {ADDRESS} to bigquery://PROJECT/LOCATION?key=FILE of a project to test in"
        )
    settings = WarehouseSettings(engine="bigquery", schema_prefix="patron_test")
    with open_warehouse(tmp_path, settings, read_credentials(tmp_path, {"PATRON_SECRET_WAREHOUSE": address})) as house:
        house.replace("gold", "people", PEOPLE)
        with house.transaction():
            house.append("gold", "people", PEOPLE)
            house.delete("gold", "people", {"who": "Bo"})
        assert house.fetch(house.table("gold", "people"))["who"].to_pylist() == ["Ada", "Ada"]
        house.drop("gold", "people")
