"""Personal columns in a run from end to end: the vault has them, and no file of the workspace, no line, no figure."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from patron.credentials import PREFIX
from patron.errors import BrokenContract, PatronError, SettingsError, UnreadableFile, UsageError
from patron.governance.state.of_workspace import state_of_workspace
from patron.governance.vault.pseudonyms import is_pseudonym
from patron.governance.vault.vault import Vault, personal_of
from patron.pipeline.kept_state import vault_of_workspace
from patron.pipeline.queue.queue import Judgement, decide, waiting
from patron.pipeline.runner import Watcher, opened_run, run_until, run_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.settings import read_settings
from patron.sources.samples import prepare_sample
from patron.surfaces.server import serving_of_workspace
from sources.sheets import workbook_of
from surfaces.api.called import client_of

SECRET = "gRk2Zp8vQm4xWc7sTn1hYb6dLf9jKe3uAo5iXqBz"  # noqa: S105  of these tests
COUNT = 340
PERSONAL = 'personal = { email = "E-Mail", name = "Full name", phone = "Phone" }'
FEW = 30
SETTINGS = """\
[sources.orders]
table = "transactions"
files = ["orders.csv"]
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }

[sources.customers]
table = "customers"
files = ["customers.csv"]
columns = { customer_id = "customer_number", birth_date = "birth_date" }
"""
RAGGED = "CU0000001,quux-ragged@mail.example,Quux Ragged"
"""A line that cannot be read as a row, with what is personal in it."""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}VAULT", SECRET)
    monkeypatch.setenv(f"{PREFIX}SERVER", SECRET[::-1])


@pytest.fixture
def plain_shop(tmp_path: Path) -> Path:
    """A few customers with an address, a name and a number, and what they bought."""
    folder = tmp_path / "shop"
    folder.mkdir()
    ids = [f"CU{number:07}" for number in range(1, FEW + 1)]
    born = [f"19{number % 50 + 40}-03-07" for number in range(FEW)]
    people = pa.table({"customer_number": ids, "birth_date": born, **planted(ids)})
    written(people, folder / "customers.csv")
    orders = {"who": ids, "when": ["2026-01-05"] * FEW, "amount": ["12.50"] * FEW}
    pyarrow.csv.write_csv(pa.table(orders), folder / "orders.csv")
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    return folder


@pytest.fixture
def shop(plain_shop: Path) -> Path:
    """The same, what is personal declared."""
    change(plain_shop, "[sources.customers]", f"[sources.customers]\n{PERSONAL}")
    return plain_shop


def simulated_shop(folder: Path) -> Path:
    """A shop whose whole journey can be run, and whose customers have 1,020 values planted."""
    prepare_sample("shop", folder, customers=COUNT, seed=5)
    shutil.rmtree(folder / "truth")
    people = pq.read_table(folder / "customers.parquet")
    for name, values in planted(people["customer_number"].to_pylist()).items():
        people = people.append_column(name, pa.array(values))
    written(people, folder / "customers.csv")
    (folder / "customers.parquet").unlink()
    change(folder, '"customers.parquet"', '"customers.csv"')
    change(folder, "[sources.customers]", f"[sources.customers]\n{PERSONAL}")
    return folder


def written(people: pa.Table, path: Path) -> None:
    """Customers as a file, and after them a line that cannot be read as a row."""
    pyarrow.csv.write_csv(people, path)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{RAGGED}\n")


def planted(ids: list[str]) -> dict[str, list[str]]:
    numbers = [one.removeprefix("CU") for one in ids]
    return {
        "E-Mail": [f"quux{number}@mail.example" for number in numbers],
        "Full name": [f"Quux{number} Person" for number in numbers],
        "Phone": [f"+4999{number}" for number in numbers],
    }


def change(folder: Path, old: str, new: str) -> None:
    text = (folder / "patron.toml").read_text("utf-8")
    assert old in text
    (folder / "patron.toml").write_text(text.replace(old, new, 1), "utf-8")


def contents(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file but the shop's own, as it lies there, and of Parquet the values too."""
    for path in sorted(folder.rglob("*")):
        own = path.parent == folder and path.suffix in (".csv", ".parquet")
        if path.is_file() and not own:
            yield path, path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                yield path, str(pq.read_table(path).to_pydict())


def of_warehouse(folder: Path) -> str:
    """Every value of every table of the warehouse, whose pages are packed."""
    import duckdb

    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
        tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        return "\n".join(str(connection.execute(f'FROM "{schema}"."{name}"').fetchall()) for schema, name in tables)


def vault_of(folder: Path) -> Vault:
    workspace = Workspace.at(folder)
    state = state_of_workspace(folder, workspace.settings.server.state, workspace.credentials)
    found = vault_of_workspace(folder, workspace.settings, workspace.credentials, state)
    assert found is not None
    return found


def close(vault: Vault) -> None:
    vault.close()
    vault.state.close()


def leaks(text: str) -> list[str]:
    """What was planted and stands in a text; each has a sign that no pseudonym has, for chance finds three letters soon."""
    return [word for word in ("uux0", "uux-", "uux ", "mail.example", "+4999") if word in text]


def read(folder: Path, last: str = "ingest") -> None:
    """Read the files: all that sees a row as it came."""
    with opened_run(folder, Watcher()) as run:
        run_until(run, last, Watcher())


@pytest.mark.slow
@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_thousand_planted_values_stand_in_no_file_and_are_told_by_the_api(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], pseudonyms: bool
) -> None:
    shop = simulated_shop(tmp_path / "shop")
    if pseudonyms:
        with (shop / "patron.toml").open("a", encoding="utf-8") as file:
            file.write("\n[privacy]\npseudonyms = true\n")
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    run_workspace(shop, watcher=Watcher(says=told.append, done=lambda step: told.append(step.words)))
    customers = load_release(shop).scores()["customer_id"].to_pylist()
    assert all(map(is_pseudonym, customers)) is pseudonyms
    found = 0
    with client_of(serving_of_workspace(shop)) as server:
        headers = server.with_key("compliance")
        for number in range(1, COUNT + 1):
            answer = server.client.get(f"/v1/customers/CU{number:07}/personal", headers=headers)
            if answer.status_code == 200:
                values = answer.json()["personal"]
                found += sum(1 for field in ("email", "name", "phone") if f"{number:07}" in values[field])
                assert values.get("customer_id") == (f"CU{number:07}" if pseudonyms else None)
        told.append(server.client.get("/metrics", headers=server.with_key("engineer")).text)
        told.append(server.client.get("/v1/audit?limit=1000", headers=headers).text)
    assert found >= 1000
    named = {str(path): leaks(text) for path, text in contents(shop)}
    assert len(named) > 15
    assert {path: words for path, words in named.items() if words} == {}
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]  # the caller's
    everywhere = "\n".join([of_warehouse(shop), *told, *logged, *capfd.readouterr()])
    assert leaks(everywhere) == []
    if pseudonyms:
        assert "CU000" not in everywhere
        assert [path for path, text in contents(shop) if "CU000" in text] == []


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_what_is_personal_stands_in_no_file_once_rows_are_judged(
    shop: Path, capfd: pytest.CaptureFixture[str], pseudonyms: bool
) -> None:
    if pseudonyms:
        (shop / "patron.toml").write_text(
            f"{(shop / 'patron.toml').read_text('utf-8')}\n[privacy]\npseudonyms = true\n"
        )
    read(shop, "check")
    vault = vault_of(shop)
    name = vault.name_of(vault.known_as("CU0000007"))
    assert personal_of(vault, name)["phone"] == "+49990000007"
    close(vault)
    everywhere = "\n".join([of_warehouse(shop), *capfd.readouterr(), *(text for _, text in contents(shop))])
    assert leaks(everywhere) == []
    assert ("CU000" in everywhere) is not pseudonyms
    assert (name in of_warehouse(shop)) is pseudonyms


def test_a_line_that_cannot_be_read_keeps_its_place_and_not_its_content(shop: Path) -> None:
    read(shop)
    with Workspace.at(shop).warehouse() as warehouse:
        (row,) = warehouse.fetch(warehouse.table("bronze", "rejects")).to_pylist()
        columns = warehouse.table("bronze", "raw_customers").columns
    assert (row["line"], row["reason"]) == (FEW + 2, "ragged")
    assert row["raw"].startswith(f"withheld: {len(RAGGED)} signs, ")
    assert leaks(str(row)) == []
    assert not {"E-Mail", "Full name", "Phone"} & set(columns)


def test_a_run_that_refuses_a_file_shows_nothing_of_its_rows(shop: Path) -> None:
    with (shop / "customers.csv").open("a", encoding="utf-8") as file:
        file.write(f"{RAGGED}\n" * 9)
    with pytest.raises(BrokenContract, match="ragged 10") as caught:
        read(shop, "check")
    log = (shop / "refused-rows.log").read_text("utf-8")
    assert log.count("withheld") == 10
    assert leaks(f"{log} {caught.value}") == []


def test_a_newer_file_replaces_values_and_a_second_reading_adds_none(shop: Path) -> None:
    read(shop)
    vault = vault_of(shop)
    customer = vault.name_of("CU0000007")
    before = personal_of(vault, customer)
    assert before["email"] == "quux0000007@mail.example"
    newer = shop / "newer.csv"
    lines = (shop / "customers.csv").read_text("utf-8").splitlines()
    newer.write_text("\n".join([lines[0], lines[7].replace("quux", "moved")]) + "\n", "utf-8")
    change(shop, '["customers.csv"]', '["customers.csv", "newer.csv"]')
    read(shop)
    assert personal_of(vault, customer)["email"] == "moved0000007@mail.example"
    close(vault)


def test_what_was_read_in_plain_text_before_stops_the_run(plain_shop: Path) -> None:
    shop = plain_shop
    read(shop)
    change(shop, "[sources.customers]", f"[sources.customers]\n{PERSONAL}")
    with pytest.raises(UsageError, match="in plain text"):
        read(shop)
    change(shop, PERSONAL, "")
    (shop / "patron.toml").write_text((shop / "patron.toml").read_text("utf-8") + "\n[privacy]\npseudonyms = true\n")
    with pytest.raises(UsageError, match="in plain text"):
        read(shop)
    (shop / "warehouse.duckdb").unlink()
    read(shop)
    assert "CU0000007" not in of_warehouse(shop)


@pytest.mark.parametrize(
    ("head", "kind"),
    [("quux@mail.example,Quux Header", BrokenContract), ("quux@mail.example,Quux H\u00fcader", UnreadableFile)],
)
def test_errors_about_a_file_show_nothing_of_it(shop: Path, head: str, kind: type[PatronError]) -> None:
    (shop / "customers.csv").write_bytes(head.encode("latin-1") + b"\n1,2\n")
    with pytest.raises(kind) as caught:
        read(shop)
    assert leaks(f"{caught.value} {caught.value.__cause__}") == []
    assert "customers.csv" in str(caught.value)


def test_without_a_secret_nothing_is_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"{PREFIX}VAULT")
    with pytest.raises(UsageError, match="PATRON_SECRET_VAULT"):
        read(shop)
    assert leaks(of_warehouse(shop)) == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('personal = { born = "birth_date" }', 'plain_too = ["born"]'),
        ('personal = { number = "customer_number" }', "set pseudonyms = true"),
        ('personal = { customer_id = "E-Mail" }', "keeps ids under it itself"),
        ('personal = { email = "E-Mail", mail = "E-Mail" }', "twice"),
        ('personal = { email = "E-Mail" }\nplain_too = ["name"]', "which personal does not"),
        ('personal = { "E-Mail" = "E-Mail" }', "lower-case letter"),
    ],
)
def test_what_would_stand_in_the_tables_all_the_same_is_refused(shop: Path, lines: str, words: str) -> None:
    change(shop, PERSONAL, lines)
    with pytest.raises(SettingsError, match=words.replace("[", r"\[")):
        read_settings(shop / "patron.toml", {})


def test_a_personal_column_is_used_in_the_tables_where_that_is_wanted(shop: Path) -> None:
    change(shop, PERSONAL, 'personal = { email = "E-Mail", born = "birth_date" }\nplain_too = ["born"]')
    read(shop, "check")
    vault = vault_of(shop)
    born = personal_of(vault, vault.name_of("CU0000007"))["born"]
    close(vault)
    with Workspace.at(shop).warehouse() as warehouse:
        customers = warehouse.table("silver", "customers")
        (row,) = warehouse.fetch(customers.filter(customers.customer_id == "CU0000007")).to_pylist()
    assert str(row["birth_date"]) == born


def test_what_is_fetched_may_not_be_personal_for_the_lake_keeps_it_as_it_came(shop: Path) -> None:
    fetched = 'connector = "database"\noptions = { kind = "sqlite" }\n'
    change(shop, 'files = ["customers.csv"]', fetched)
    with pytest.raises(SettingsError, match="kept in the lake"):
        read_settings(shop / "patron.toml", {})
    change(shop, PERSONAL, "")
    (shop / "patron.toml").write_text((shop / "patron.toml").read_text("utf-8") + "\n[privacy]\npseudonyms = true\n")
    with pytest.raises(SettingsError, match="kept in the lake"):
        read_settings(shop / "patron.toml", {})


def test_a_person_who_mends_an_id_leaves_no_id_behind(shop: Path) -> None:
    (shop / "patron.toml").write_text(f"{(shop / 'patron.toml').read_text('utf-8')}\n[privacy]\npseudonyms = true\n")
    with (shop / "orders.csv").open("a", encoding="utf-8") as file:
        file.write("CU0000008,neverday,3.00\n")
    read(shop, "check")
    (entry,) = [one for one in waiting(shop).records if "neverday" in one.detail]
    decide(
        shop, [entry.entry], Judgement("fix", "typed wrong", "ann", {"customer_id": "CU0000009", "when": "2026-01-06"})
    )
    read(shop, "check")
    everywhere = "\n".join([of_warehouse(shop), *(text for _, text in contents(shop))])
    assert "CU000" not in everywhere
    vault = vault_of(shop)
    name = vault.known_as("CU0000009")
    close(vault)
    with Workspace.at(shop).warehouse() as warehouse:
        rows = warehouse.table("silver", "transactions")
        assert len(warehouse.fetch(rows.filter(rows.customer_id == name))) == 2


def test_an_id_that_is_none_sets_its_row_aside_and_is_not_shown(shop: Path) -> None:
    (shop / "patron.toml").write_text(f"{(shop / 'patron.toml').read_text('utf-8')}\n[privacy]\npseudonyms = true\n")
    with (shop / "orders.csv").open("a", encoding="utf-8") as file:
        file.write(
            "CU00\x0709,2026-01-05,3.00\n  CU0000009.0 ,2026-01-06,1.00\n CU0000009 ,2026-01-06,2.00\nnan,2026-01-06,4.00\n"
        )
    read(shop, "check")
    with Workspace.at(shop).warehouse() as warehouse:
        kept = warehouse.fetch(warehouse.table("silver", "transactions")).to_pylist()
        (aside,) = warehouse.fetch(
            warehouse.table("silver", "quarantine").filter(lambda t: t.source == "orders")
        ).to_pylist()
    assert aside["reason"] == "control_character"
    assert "CU00" not in str(aside)
    vault = vault_of(shop)
    bought = {row["customer_id"] for row in kept if row["amount"] in (1, 2, 4)}
    assert bought == {vault.known_as("CU0000009"), vault.known_as("CU0000009.0"), None}
    close(vault)


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "xlsx"])
def test_files_of_every_kind_are_sealed(shop: Path, ending: str) -> None:
    rows = [{"customer_number": f"CU{number:07}", "birth_date": "1980-03-07", **first(number)} for number in (1, 2, 3)]
    if ending == "jsonl":
        lines = [json.dumps(row) for row in rows] + ['{"E-Mail": "quux-ragged@mail.example", "Phone": ']
        (shop / "customers.jsonl").write_text("\n".join(lines), "utf-8")
    elif ending == "parquet":
        bad = rows[-1] | {"Full name": "Quux\0bad", "customer_number": "CU0000004"}
        pq.write_table(pa.Table.from_pylist([*rows, bad]), shop / "customers.parquet")
    else:
        sheet = [list(rows[0]), *(list(row.values()) for row in rows)]
        (shop / "customers.xlsx").write_bytes(workbook_of({"customers": sheet}))
    change(shop, "customers.csv", f"customers.{ending}")
    read(shop)
    vault = vault_of(shop)
    assert personal_of(vault, vault.name_of("CU0000002")) == {
        "email": "quux0000002@mail.example", "name": "Quux0000002 Person", "phone": "+49990000002"
    }  # fmt: skip
    close(vault)
    assert leaks(of_warehouse(shop)) == []


def first(number: int) -> dict[str, str]:
    return {name: values[0] for name, values in planted([f"CU{number:07}"]).items()}
