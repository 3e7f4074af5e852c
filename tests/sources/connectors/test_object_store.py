"""Object stores: files land byte by byte, once, again only when they have changed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from patron.errors import BrokenContract, SourceFailed, UsageError
from patron.settings import Source
from patron.sources.connectors.object_store import CONNECTOR, ObjectStoreOptions
from patron.sources.lake import lake_files
from patron.testing.connectors import check_connector
from sources.connectors.fetches import fetch

ORDERS: dict[str, Any] = {"url": "memory://shop/orders/*.csv"}


@pytest.fixture
def store() -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


def landed(folder: Path) -> list[tuple[str, str, bytes]]:
    files = lake_files(folder, "sales")
    return [(file.path.name, file.manifest.origin, file.path.read_bytes()) for file in files]


def test_a_store_keeps_the_rules_of_connectors(store: Any) -> None:
    files = {"a.csv": b"id\n1\n", "b.csv": "id\né\n".encode("latin-1"), "c.txt": b"no"}
    for name, content in files.items():
        store.pipe(f"/shop/orders/{name}", content)
    del files["c.txt"]
    check_connector(CONNECTOR, ORDERS, expected_files=files)


def test_only_new_and_changed_files_are_fetched(tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/shop/orders/b.csv", b"b1")
    store.pipe("/shop/orders/a.csv", b"a1")
    assert fetch(tmp_path, "object_store", ORDERS).files == 2
    opened: list[str] = []
    real_open = type(store).open
    monkeypatch.setattr(
        type(store), "open", lambda self, path, *a, **k: opened.append(path) or real_open(self, path, *a, **k)
    )
    assert fetch(tmp_path, "object_store", ORDERS).files == 0
    assert opened == []
    store.pipe("/shop/orders/b.csv", b"b2")
    store.pipe("/shop/orders/c.csv", b"c1")
    assert fetch(tmp_path, "object_store", ORDERS).files == 2
    assert landed(tmp_path) == [
        ("000001-a.csv", "a.csv", b"a1"),
        ("000002-b.csv", "b.csv", b"b1"),
        ("000003-b.csv", "b.csv", b"b2"),
        ("000004-c.csv", "c.csv", b"c1"),
    ]


def test_a_file_that_was_touched_but_not_changed_lands_once_and_is_looked_at_once_more(
    tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/shop/orders/a.csv", b"a1")
    fetch(tmp_path, "object_store", ORDERS)
    store.pipe("/shop/orders/a.csv", b"a1")
    assert fetch(tmp_path, "object_store", ORDERS).files == 0
    monkeypatch.setattr(type(store), "open", lambda *_a, **_k: pytest.fail("it was fetched again"))
    assert fetch(tmp_path, "object_store", ORDERS).files == 0


def test_nothing_lands_if_one_of_the_files_cannot_be_read(
    tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/shop/orders/a.csv", b"a1")
    store.pipe("/shop/orders/b.csv", b"b1")
    real_open = type(store).open

    def broken(self: Any, path: str, *a: Any, **k: Any) -> Any:
        if path.endswith("b.csv"):
            raise PermissionError(13, "Access denied", path)
        return real_open(self, path, *a, **k)

    monkeypatch.setattr(type(store), "open", broken)
    with pytest.raises(SourceFailed, match="Source 'sales' could not be fetched: Access denied"):
        fetch(tmp_path, "object_store", ORDERS)
    assert landed(tmp_path) == []


def test_files_of_several_folders_keep_their_folders_in_their_names(tmp_path: Path, store: Any) -> None:
    for month in ("01", "02"):
        store.pipe(f"/shop/2024-{month}/orders.csv", month.encode())
    fetch(tmp_path, "object_store", {"url": "memory://shop/2024-*/orders.csv"})
    assert [origin for _, origin, _ in landed(tmp_path)] == ["2024-01/orders.csv", "2024-02/orders.csv"]


def test_a_packed_file_stays_packed_and_an_odd_name_stays_in_the_lake(tmp_path: Path, store: Any) -> None:
    packed = gzip.compress(b"id\n1\n")
    store.pipe("/shop/orders/..%2f évil;name.csv.gz", packed)
    fetch(tmp_path, "object_store", {"url": "memory://shop/orders/*.csv.gz"})
    assert landed(tmp_path) == [("000001-_2f_vil_name.csv.gz", "..%2f évil;name.csv.gz", packed)]


def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(tmp_path: Path, store: Any) -> None:
    store.pipe("/shop/orders/a.csv", b"x" * 2_000_000)
    with pytest.raises(SourceFailed, match=r"a\.csv has 2 MB, more than 1.*max_mb"):
        fetch(tmp_path, "object_store", {**ORDERS, "max_mb": 1})


def test_no_file_at_all_is_refused_at_first_only(tmp_path: Path, store: Any) -> None:
    with pytest.raises(BrokenContract, match="gave nothing"):
        fetch(tmp_path, "object_store", ORDERS)
    store.pipe("/shop/orders/a.csv", b"a1")
    fetch(tmp_path, "object_store", ORDERS)
    store.rm("/shop/orders/a.csv")
    assert fetch(tmp_path, "object_store", ORDERS).files == 0


def test_a_credential_is_an_object_and_a_store_without_its_package_names_the_extra(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'sales' is no JSON object") as caught:
        fetch(tmp_path, "object_store", ORDERS, secret="hunter22")  # noqa: S106
    assert "hunter22" not in str(caught.value)
    with pytest.raises(UsageError, match=r"pip install 'patron\[azure\]'"):
        fetch(tmp_path, "object_store", {"url": "az://shop/*.csv"})


@pytest.mark.parametrize(
    ("url", "form", "fits"),
    [
        ("s3://b/*.csv", "auto", True),
        ("s3://b/*", "auto", False),
        ("s3://b/*", "csv", True),
        ("s3://b/*.jsonl.gz", "auto", True),
    ],
)
def test_files_that_land_must_be_such_as_can_be_read(url: str, form: Any, fits: bool) -> None:
    source = Source.model_construct(table="transactions", connector="object_store", columns={}, format=form)
    assert (ObjectStoreOptions(url=url).misfit(source) == "") is fits
