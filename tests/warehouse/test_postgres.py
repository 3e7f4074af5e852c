"""What only PostgreSQL brings with it: a server that others use too, passwords, and its own ways to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest
from adbc_driver_manager import NotSupportedError
from adbc_driver_postgresql.dbapi import connect

from patron.credentials import read_credentials
from patron.errors import DataError, NothingThere, PatronError, StorageFailed, UsageError, WorkspaceBusy
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse import Warehouse, open_warehouse, postgres_session
from warehouse.postgres_server import PASSWORD, server_dsn

pytestmark = pytest.mark.engines
NOWHERE = Path("no folder is needed")


def opened(prefix: str, dsn: str | None = None) -> AbstractContextManager[Warehouse]:
    credentials = read_credentials(NOWHERE, {"PATRON_SECRET_WAREHOUSE": dsn or server_dsn()})
    return open_warehouse(NOWHERE, WarehouseSettings(engine="postgres", schema_prefix=prefix), credentials)


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def house(prefix: str) -> Iterator[Warehouse]:
    with opened(prefix) as warehouse:
        yield warehouse


def by_hand(*statements: str, dsn: str | None = None) -> list[tuple[object, ...]]:
    """Do statements as somebody else; gives the rows of the last one, if it has any."""
    with closing(connect(dsn or server_dsn(), autocommit=True)) as session, session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def people(*names: str) -> pa.Table:
    return pa.table({"who": pa.array(names, pa.string())})


def test_the_second_to_open_the_same_schemas_is_told_so_and_others_are_not_in_the_way(
    house: Warehouse, prefix: str
) -> None:
    house.replace("gold", "scores", people("Ada"))
    with pytest.raises(WorkspaceBusy, match=rf"{prefix}_… .*schema_prefix"), opened(prefix):
        pass
    with opened(prefix + "x") as other:
        assert other.names("gold") == ()
    house.close()
    with opened(prefix) as again:
        assert again.names("gold") == ("scores",)


WRONG = {
    "a wrong password": (PASSWORD, "an-wrong-secret", UsageError, "refuses the name or the password"),
    "an unknown database": ("/postgres?", "/nothing?", UsageError, "no such database"),
    "a closed port": ("port=54399", "port=54398", StorageFailed, "nothing answers there"),
    "an unknown host": ("@/postgres?host=/", "@nowhere.invalid/postgres?options=/", StorageFailed, "name is not known"),
    "a port that is no number": ("port=54399", f"port={PASSWORD}", UsageError, "cannot be opened"),
    "a slash in the password": (PASSWORD, f"{PASSWORD}/x", UsageError, "asks for a password"),
    "no address at all": ("postgresql://", "mysql://", UsageError, "cannot be opened"),
}


@pytest.mark.parametrize(("right", "wrong", "kind", "words"), WRONG.values(), ids=WRONG)
def test_a_server_that_cannot_be_opened_is_told_in_plain_words_without_its_address(
    right: str, wrong: str, kind: type[PatronError], words: str
) -> None:
    dsn = server_dsn().replace(right, wrong)
    with pytest.raises(kind, match=words) as raised, opened("p", dsn):
        pass
    told = "".join(traceback.format_exception(raised.value))
    assert all(secret not in told for secret in (dsn, PASSWORD, "an-wrong-secret"))
    assert "credential 'warehouse'" in str(raised.value)


def test_without_the_credential_it_is_said_how_to_give_it() -> None:
    settings = WarehouseSettings(engine="postgres")
    with pytest.raises(NothingThere, match="PATRON_SECRET_WAREHOUSE"):
        open_warehouse(NOWHERE, settings, read_credentials(NOWHERE, {}))


def test_without_the_driver_its_extra_is_named() -> None:
    code = """
import sys
sys.modules["adbc_driver_postgresql"] = None
from pathlib import Path
from patron.credentials import Credentials
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse import open_warehouse
open_warehouse(Path(), WarehouseSettings(engine="postgres"), Credentials())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UsageError" in ended.stderr
    assert "pip install 'patron[postgres]'" in ended.stderr


def test_a_database_in_another_encoding_is_refused(prefix: str) -> None:
    by_hand(f"CREATE DATABASE {prefix} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UsageError, match="written in LATIN1.*UTF8"), opened("p", _in_database(prefix)):
        pass


def test_every_text_is_stored_to_be_ordered_by_its_bytes(house: Warehouse, prefix: str) -> None:
    house.create("silver", "declared", (Column("who", "id", ""), Column("what", "text", "")))
    house.create_raw("bronze", "raw_shop", ["Order"])
    house.replace("work", "arrow", people("Ada"))
    house.replace("work", "query", house.table("work", "arrow").mutate(also=lambda rows: rows.who + "!"))
    asked = (
        "SELECT DISTINCT collation_name::text FROM information_schema.columns WHERE data_type = 'text' AND table_schema"
    )
    assert by_hand(f"{asked} LIKE '{prefix}%'") == [("C",)]


def test_texts_are_ordered_alike_in_a_database_that_orders_as_people_do(prefix: str) -> None:
    try:
        by_hand(f"CREATE DATABASE {prefix} LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8' TEMPLATE template0")
    except NotSupportedError:
        pytest.skip("this PostgreSQL server was built without ICU, and knows no order but that of bytes")
    words = ["a", "B", "Z", "á", "z", "_", "A"]
    assert by_hand("SELECT 'a' < 'B'", dsn=_in_database(prefix)) == [(True,)]
    with opened("p", _in_database(prefix)) as house:
        house.replace("work", "words", people(*words))
        table = house.table("work", "words")
        found = house.fetch(table.mutate(who=table.who + "").order_by("who"))
        assert found["who"].to_pylist() == sorted(words)
        ends = table.aggregate(least=table.who.min(), most=table.who.max())
        assert house.fetch(ends).to_pylist() == [{"least": "A", "most": "á"}]


def _in_database(name: str) -> str:
    return server_dsn().replace("/postgres?", f"/{name}?")


def test_one_who_may_not_create_schemas_is_told_so_and_may_be_given_them(prefix: str) -> None:
    role, dsn = f"r{prefix}", server_dsn().replace("//patron:", f"//r{prefix}:")
    by_hand(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(UsageError, match="does not allow it: permission denied.*create Patron's"), opened(prefix, dsn):
        pass
    schemas = ("bronze", "silver", "gold", "work")
    by_hand(*(f"CREATE SCHEMA {prefix}_{schema} AUTHORIZATION {role}" for schema in schemas))
    with opened(prefix, dsn) as house:
        assert house.replace("gold", "scores", people("Ada")) == 1


def test_views_and_rights_on_a_gold_table_stay_when_it_is_made_anew(house: Warehouse, prefix: str) -> None:
    house.replace("gold", "scores", people("Ada"))
    by_hand(
        f"CREATE ROLE reader_{prefix}",
        f"GRANT SELECT ON {prefix}_gold.scores TO reader_{prefix}",
        f"CREATE VIEW public.v_{prefix} AS SELECT * FROM {prefix}_gold.scores",
    )
    house.replace("gold", "scores", people("Bo", "Cy"))
    assert by_hand(f"SELECT count(*) FROM public.v_{prefix}") == [(2,)]
    asked = f"SELECT has_table_privilege('reader_{prefix}', '{prefix}_gold.scores', 'SELECT')"
    assert by_hand(asked) == [(True,)]
    with pytest.raises(UsageError, match="Views that others made"):
        house.replace("gold", "scores", pa.table({"other": [1]}))
    assert by_hand(f"SELECT count(*) FROM public.v_{prefix}") == [(2,)]


def test_readers_see_a_gold_table_whole_while_it_is_made_anew(house: Warehouse, prefix: str) -> None:
    house.replace("gold", "scores", people("Ada"))
    with house.transaction():
        house.append("gold", "scores", people("Bo"))
        assert by_hand(f"SELECT count(*) FROM {prefix}_gold.scores") == [(1,)]
    assert by_hand(f"SELECT count(*) FROM {prefix}_gold.scores") == [(2,)]


def test_ctrl_c_ends_a_long_query_as_an_interrupt_and_undoes_the_step(house: Warehouse) -> None:
    house.replace("work", "many", pa.table({"n": pa.array(range(3000), pa.int64())}))
    many = house.table("work", "many")
    others = [many.select(**{name: many.n}) for name in ("a", "b")]
    triples = many.cross_join(others[0]).cross_join(others[1]).filter(lambda rows: rows.n + rows.a == rows.b + 1)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), house.transaction():  # noqa: PT012
        house.replace("gold", "half", people("Ada"))
        timer.start()
        house.fetch(triples.count().as_table())
    timer.join()
    assert time.monotonic() - began < 30
    assert house.names("gold") == ()
    assert house.count("work", "many") == 3000


def test_a_killed_run_leaves_nothing_half_written_and_lets_go(prefix: str) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
import pyarrow as pa
from patron.credentials import read_credentials
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse import open_warehouse
settings = WarehouseSettings(engine="postgres", schema_prefix={prefix!r})
with open_warehouse(Path(), settings, read_credentials(Path("nowhere"))) as house:
    house.replace("silver", "kept", pa.table({{"n": [1]}}))
    with house.transaction():
        house.append("silver", "kept", pa.table({{"n": [2]}}))
        house.replace("gold", "half", pa.table({{"n": [2]}}))
        print("written", flush=True)
        time.sleep(60)
"""
    environment = os.environ | {"PATRON_SECRET_WAREHOUSE": server_dsn()}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stdout
        assert run.stdout.readline() == "written\n"
        run.kill()
    with opened(prefix) as house:
        assert (house.count("silver", "kept"), house.names("gold")) == (1, ())


def test_a_server_that_goes_away_is_told_as_something_to_try_again(house: Warehouse, prefix: str) -> None:
    house.replace("work", "rows", people("Ada"))
    by_hand(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'patron {prefix}'")
    with pytest.raises(StorageFailed, match="has gone") as raised, house.transaction():
        house.append("work", "rows", people("Bo"))
    assert raised.value.retry_can_help
    house.close()
    with opened(prefix) as again:
        assert again.count("work", "rows") == 1


def test_a_table_that_somebody_holds_too_long_is_told_as_busy(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_session, "LOCK_SECONDS", 1)
    with opened(prefix) as house, closing(connect(server_dsn())) as reader:
        house.replace("gold", "scores", people("Ada"))
        with reader.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {prefix}_gold.scores IN ACCESS SHARE MODE")
        with pytest.raises(WorkspaceBusy, match="Somebody has held a table"):
            house.replace("gold", "scores", people("Bo"))
        reader.rollback()
        assert house.replace("gold", "scores", people("Bo")) == 1


def test_amounts_beyond_the_columns_are_refused_by_what_to_do(house: Warehouse) -> None:
    most = pa.array([Decimal("99999999999999.9999")] * 2, pa.decimal128(18, 4))
    house.replace("work", "money", pa.table({"amount": most}))
    total = house.table("work", "money").amount.sum()
    with pytest.raises(DataError, match="add up to more"):
        house.fetch(total.cast("decimal(18,4)").as_table())
    wide = pa.table({"amount": pa.array([Decimal(10) ** 20], pa.decimal128(38, 4))})
    with pytest.raises(DataError, match="does not fit"):
        house.append("work", "money", wide)


def test_a_table_of_somebody_elses_types_is_refused_by_name(house: Warehouse, prefix: str) -> None:
    by_hand(f"CREATE TABLE {prefix}_gold.odd (place point)")
    with pytest.raises(UsageError, match=r"gold\.odd\.place is of PostgreSQL's type point"):
        house.table("gold", "odd")


@pytest.mark.parametrize(
    ("told", "words", "again"),
    [
        ("FATAL:  the database system is starting up", "is starting up", True),
        ("FATAL:  the database system is shutting down", "is shutting down", True),
        ('FATAL:  too many connections for role "ada"', "no connection to spare", True),
        ('FATAL:  role "ada" does not exist', "knows no such name", False),
        ('FATAL:  database "shop" does not exist', "has no such database", False),
    ],
)
def test_a_refused_session_is_told_for_what_it_is(told: str, words: str, again: bool) -> None:
    refusal = postgres_session._no_session(told)
    assert words in str(refusal)
    assert isinstance(refusal, StorageFailed) is again
