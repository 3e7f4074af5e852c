"""What only Spark's warehouse does: folders that never change, and a catalog that is swapped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import ibis
import pyarrow as pa
import pytest

from patron.errors import BrokenContract, DamagedWarehouse, DataError, UnreadableFile, UsageError, WorkspaceBusy
from patron.settings import WarehouseSettings
from patron.warehouse import spark_changes
from patron.warehouse.spark import SparkWarehouse

pytestmark = pytest.mark.engines

SETTINGS = WarehouseSettings(engine="spark", threads=2, memory_gb=1.5)


def opened(folder: Path, **settings: str) -> SparkWarehouse:
    return SparkWarehouse(folder, SETTINGS.model_copy(update=settings))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SparkWarehouse]:
    with opened(tmp_path / "spark") as warehouse:
        yield warehouse


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is one that only Spark may change."""
    monkeypatch.setattr(spark_changes, "SMALL", 0)


def people(*names: str) -> pa.Table:
    return pa.table({"who": pa.array(names, pa.string()), "n": pa.array(range(len(names)), pa.int64())})


def names_in(house: SparkWarehouse, schema: str = "work", name: str = "rows") -> list[str]:
    return sorted(house.fetch(house.table(schema, name))["who"].to_pylist())


def folders(root: Path) -> set[str]:
    found = {path.relative_to(root).as_posix() for path in root.glob("*/*/*") if path.is_dir()}
    return {path for path in found if not path.startswith("spill/")}


def in_a_process_of_its_own(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    told = f"""
from pathlib import Path
from patron.errors import PatronError
from patron.settings import WarehouseSettings
from patron.warehouse.spark import SparkWarehouse
folder = Path({str(folder)!r})
settings = WarehouseSettings(engine="spark", threads=1, memory_gb=1)
{dedent(code)}
"""
    command = [sys.executable, "-c", told]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_a_transaction_that_fails_leaves_no_folder_behind(house: SparkWarehouse) -> None:
    house.replace("work", "rows", people("Ada"))
    before = folders(house.path)
    with pytest.raises(BrokenContract), house.transaction():  # noqa: PT012
        house.replace("work", "rows", people("Bo"))
        house.replace("gold", "more", house.table("work", "rows"))
        assert len(folders(house.path)) == len(before) + 2
        raise BrokenContract("no")
    assert folders(house.path) == before
    assert names_in(house) == ["Ada"]


def test_what_a_transaction_replaced_is_removed_when_it_ends_and_not_before(house: SparkWarehouse) -> None:
    house.replace("work", "rows", people("Ada"))
    (old,) = folders(house.path)
    with house.transaction():
        house.replace("work", "rows", people("Bo"))
        assert old in folders(house.path)
    assert old not in folders(house.path)


def test_a_run_killed_before_the_swap_leaves_the_tables_as_they_were_and_its_folders_are_swept(tmp_path: Path) -> None:
    folder = tmp_path / "spark"
    killed = in_a_process_of_its_own(
        """
        import os, signal
        import pyarrow as pa
        house = SparkWarehouse(folder, settings)
        house.replace("work", "rows", pa.table({"who": ["Ada"]}))
        with house.transaction():
            house.append("work", "rows", pa.table({"who": ["Bo"]}))
            house.replace("gold", "fresh", house.table("work", "rows"))
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        folder,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(folders(folder)) == 3
    with opened(folder) as house:
        assert names_in(house) == ["Ada"]
        assert not house.exists("gold", "fresh")
        assert len(folders(folder)) == 1
        house.append("work", "rows", people("Cy").select(["who"]))
        assert names_in(house) == ["Ada", "Cy"]


def test_two_workspaces_may_share_a_location_and_neither_sweeps_the_other(tmp_path: Path) -> None:
    shared = f"{tmp_path / 'lake'}"
    with opened(tmp_path / "a", location=shared) as first:
        first.replace("work", "rows", people("Ada"))
        with opened(tmp_path / "b", location=shared) as second:
            second.replace("work", "rows", people("Bo"))
    with opened(tmp_path / "a", location=shared) as first, opened(tmp_path / "b", location=shared) as second:
        assert (names_in(first), names_in(second)) == (["Ada"], ["Bo"])


def test_tables_lie_where_hadoops_file_systems_reach(tmp_path: Path, large: None) -> None:
    with opened(tmp_path / "spark", location=f"file://{tmp_path}/far [away]") as house:
        house.replace("work", "rows", people("Ada", "Bo", "Cy"))
        house.delete("work", "rows", {"who": "Bo"})
        house.replace("gold", "copy", house.table("work", "rows").filter(ibis._.n > 0))
        assert (names_in(house), names_in(house, "gold", "copy")) == (["Ada", "Cy"], ["Cy"])
        assert house.stream(house.table("gold", "copy").select("who")).read_all().to_pylist() == [{"who": "Cy"}]
    (tmp_path / "far [away]/gold/copy" / f"{house._catalog.owner}-99999999").mkdir()
    assert not folders(tmp_path / "spark")
    assert len(folders(tmp_path / "far [away]")) == 3
    with opened(tmp_path / "spark", location=f"file://{tmp_path}/far [away]") as house:
        assert len(folders(tmp_path / "far [away]")) == 2
        assert names_in(house, "gold", "copy") == ["Cy"]
    assert list((tmp_path / "spark/scratch").iterdir()) == []


def test_another_location_than_the_tables_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "spark") as house:
        house.replace("work", "rows", people("Ada"))
    with pytest.raises(UsageError, match=r"warehouse\.location now says .*elsewhere.* Set warehouse\.location back"):
        opened(tmp_path / "spark", location=str(tmp_path / "elsewhere"))


def test_a_second_opening_is_refused_while_the_first_lasts(tmp_path: Path) -> None:
    with opened(tmp_path / "spark"), pytest.raises(WorkspaceBusy, match="open in another process"):
        opened(tmp_path / "spark")
    opened(tmp_path / "spark").close()


@pytest.mark.parametrize("content", ["{", "[]", '{"owner": "a", "root": "", "tables": {"work.x": 3}}'])
def test_a_catalog_that_cannot_be_read_is_told_and_the_lock_is_let_go(tmp_path: Path, content: str) -> None:
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark/catalog.json").write_text(content)
    for _ in range(2):
        with pytest.raises(DamagedWarehouse, match=r"catalog\.json cannot be read as the catalog of a warehouse"):
            opened(tmp_path / "spark")


def test_without_java_the_refusal_names_it(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "env", "dirname", "ls", "cat"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    code = "try:\n    SparkWarehouse(folder, settings)\nexcept PatronError as error:\n    print(type(error).__name__, error)"
    told = in_a_process_of_its_own(code, tmp_path / "spark", PATH=str(programs), JAVA_HOME="")
    assert told.stdout.startswith("UsageError Java could not be started"), told.stderr
    assert "Spark 4 needs Java 17 or 21." in told.stdout
    assert "JAVA_HOME is not set" in (tmp_path / "spark/spark.log").read_text()


def test_without_pyspark_the_refusal_names_the_extra(tmp_path: Path) -> None:
    code = """
    import sys
    sys.modules["pyspark"] = None
    from patron.credentials import Credentials
    from patron.warehouse import open_warehouse
    try:
        open_warehouse(folder, settings, Credentials())
    except PatronError as error:
        print(type(error).__name__, error)
    """
    told = in_a_process_of_its_own(code, tmp_path)
    expected = "UsageError warehouse.engine = \"spark\" needs the package pyspark, which is not installed. Run: pip install 'patron[spark]'"
    assert told.stdout.strip() == expected, told.stderr


def test_spark_starts_without_a_word_on_the_terminal(tmp_path: Path) -> None:
    code = """
    import pyarrow as pa
    with SparkWarehouse(folder, settings) as house:
        house.replace("work", "rows", pa.table({"n": [1]}))
        house.fetch(house.table("work", "rows").count())
    """
    told = in_a_process_of_its_own(code, tmp_path / "spark")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_refusal_on_an_executor_keeps_its_class_and_words(house: SparkWarehouse) -> None:
    def refuse(batch: pa.RecordBatch) -> pa.RecordBatch:
        raise UnreadableFile("shop.csv", "it ends amid a row", line=batch.num_rows)

    house.replace("work", "rows", people("Ada", "Bo"))
    with pytest.raises(UnreadableFile, match=r"^Cannot read shop\.csv, line 2: it ends amid a row$"):
        house.map_rows("work", "made", house.table("work", "rows"), refuse, people().schema)
    assert not house.exists("work", "made")


def test_rows_are_mapped_in_other_processes_than_the_drivers(house: SparkWarehouse) -> None:
    def where(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"process": [os.getpid()] * batch.num_rows})

    house.replace("work", "rows", people("Ada"))
    house.map_rows("work", "made", house.table("work", "rows"), where, pa.schema([("process", pa.int64())]))
    assert house.fetch(house.table("work", "made"))["process"].to_pylist() != [os.getpid()]


def test_two_executors_share_the_rows_and_the_trees(tmp_path: Path) -> None:
    code = """
    import os
    import pyarrow as pa
    from patron.warehouse.growing import Growth

    def where(batch):
        return pa.RecordBatch.from_pydict({"executor": [os.getppid()] * batch.num_rows, "n": batch["n"]})

    cluster = settings.model_copy(update={"master": "local-cluster[2,1,1024]"})
    with SparkWarehouse(folder, cluster) as house:
        told = pa.table({"n": list(range(1000)), "target": [n % 7 for n in range(1000)]})
        house.replace("work", "rows", told)
        for _ in range(7):
            house.append("work", "rows", told)
        rows = house.table("work", "rows")
        made = pa.schema([("executor", pa.int64()), ("n", pa.int64())])
        print(house.map_rows("work", "made", rows, where, made))
        print(len(set(house.fetch(house.table("work", "made"))["executor"].to_pylist())))
        growth = Growth(("n",), "target", None, {"objective": "reg:squarederror", "max_depth": 2}, 3, 1)
        print(len(house.grow_trees(rows.cast({"n": "float32", "target": "float64"}), growth)) > 500)
    """
    told = in_a_process_of_its_own(code, tmp_path / "spark")
    assert told.stdout.split() == ["8000", "2", "True"], told.stderr


def test_nothing_in_the_data_is_taken_for_a_variable(house: SparkWarehouse) -> None:
    house.replace("work", "rows", people("${user.name}", "$name", "{n}", ":n"))
    rows = house.table("work", "rows")
    for name in ("${user.name}", "$name", "{n}", ":n"):
        assert house.fetch(rows.filter(rows.who == name).mutate(told=ibis.literal(name)))["told"].to_pylist() == [name]


def test_a_sum_beyond_what_a_decimal_holds_is_an_error_and_not_missing(house: SparkWarehouse) -> None:
    most = pa.array(["9" * 34 + ".9999"] * 20).cast(pa.decimal128(38, 4))
    house.replace("work", "rows", pa.table({"amount": most}))
    with pytest.raises(DataError, match="more than a decimal"):
        house.fetch(house.table("work", "rows").amount.sum())


def test_a_value_that_does_not_fit_its_column_is_refused_by_name(house: SparkWarehouse) -> None:
    house.replace("silver", "told", pa.table({"amount": pa.array(["1.5"]).cast(pa.decimal128(18, 4))}))
    with pytest.raises(DataError, match="does not fit column amount"):
        house.append("silver", "told", pa.table({"amount": [1e15]}))
    with pytest.raises(DataError, match=r"Table silver\.told has no column other"):
        house.append("silver", "told", pa.table({"other": [1]}))
    assert house.count("silver", "told") == 1


def test_a_change_writes_anew_only_the_folders_that_hold_such_a_row(house: SparkWarehouse, large: None) -> None:
    house.replace("silver", "told", people("Ada", "Bo").append_column("superseded_at", pa.nulls(2, pa.timestamp("us"))))
    house.append("silver", "told", people("Cy", "Di"))
    first, second = sorted(folders(house.path))
    house.delete("silver", "told", {"who": "nobody"})
    assert folders(house.path) == {first, second}
    house.delete("silver", "told", {"who": "Di"})
    assert first in folders(house.path)
    assert second not in folders(house.path)
    assert names_in(house, "silver", "told") == ["Ada", "Bo", "Cy"]
    house.keep_only("silver", "told", {"who": "Ada"})
    assert names_in(house, "silver", "told") == ["Ada"]


def test_many_small_additions_are_put_into_one_folder(house: SparkWarehouse) -> None:
    house.replace("work", "rows", people("n0"))
    for number in range(1, 40):
        house.append("work", "rows", people(f"n{number}"))
    assert len(folders(house.path)) < 16
    assert len(set(names_in(house))) == 40


def test_a_stream_that_is_not_read_to_its_end_leaves_nothing_when_the_warehouse_closes(tmp_path: Path) -> None:
    with opened(tmp_path / "spark") as house:
        house.replace("work", "rows", people(*map(str, range(100))))
        next(iter(house.stream(house.table("work", "rows").filter(ibis._.n > 1), rows=10)))
        assert any(path.startswith("work/streamed") for path in folders(house.path))
    assert not any(path.startswith("work/streamed") for path in folders(tmp_path / "spark"))


def test_a_stream_keeps_the_order_of_its_query(house: SparkWarehouse) -> None:
    house.replace("work", "rows", pa.table({"n": pa.array(range(5000), pa.int64())}))
    rows = house.table("work", "rows")
    for _ in range(3):
        house.append("work", "rows", rows)
    found = house.stream(rows.order_by(ibis.desc("n")), rows=300).read_all()["n"].to_pylist()
    assert found == sorted(found, reverse=True)
    assert len(found) == 40_000


def test_the_catalog_names_columns_by_sparks_types_and_every_folder_by_its_rows(house: SparkWarehouse) -> None:
    house.replace("work", "rows", people("Ada", "Bo"))
    told = json.loads((house.path / "catalog.json").read_text())
    (folder,) = folders(house.path)
    assert told["tables"] == {"work.rows": {"columns": {"who": "string", "n": "long"}, "folders": {folder: 2}}}
