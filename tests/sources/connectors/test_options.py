"""Options in patron.toml: each fault with its line, no credential among them, and none shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import Fault, SettingsError
from patron.secret_looks import secret_looking
from patron.settings import read_settings
from patron.sources.connectors.checked import option_faults
from patron.sources.connectors.hiding import hidden_parts
from patron.sources.connectors.installed import connector_named, connector_names
from sources.connectors import one_shop

TABLE = 'table = "orders"'


def faults_of(folder: Path, text: str) -> list[Fault]:
    (folder / "patron.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        read_settings(folder / "patron.toml", {}, option_faults)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None or "hunter2" not in str(caught.value.__cause__)
    return list(caught.value.faults)


def test_settings_of_files_stay_as_they_were_and_a_connectors_are_taken(tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text(one_shop.of_files("a.csv"))
    source = read_settings(tmp_path / "patron.toml", {}, option_faults).sources["sales"]
    assert (source.connector, source.files, source.options) == ("files", ("a.csv",), {})
    (tmp_path / "patron.toml").write_text(one_shop.settings("database", TABLE))
    source = read_settings(tmp_path / "patron.toml", {}, option_faults).sources["sales"]
    assert (source.connector, source.files, source.options) == ("database", (), {"table": "orders"})


@pytest.mark.parametrize(
    ("connector", "options", "more", "line", "words"),
    [
        ("database", 'tabel = "orders"', "", 7, "'database'. Known: batch_rows.*Did you mean 'table'?"),
        ("database", f"{TABLE}\nbatch_rows = 'many'", "", 8, "'many': Input should be a valid integer.*rows held in memory"),
        ("database", f'{TABLE}\nquery = "SELECT 1"', "", 6, "give either table or query"),
        ("rest", 'paging = "page"', "", 6, "sources.sales.options.url: is missing. It means: the address"),
        ("databse", TABLE, "", 3, "No connector named 'databse'.*Did you mean 'database'?"),
        ("database", TABLE, 'files = "a.csv"', 1, "files belong to the connector 'files', not to 'database'"),
        ("database", TABLE, 'delimiter = ";"', 4, "sources.sales.delimiter: says how a file is written"),
        ("database", f'{TABLE}\nwatermark = "id"', 'repeated_rows = "replace"', 6, "cannot replace what was"),
        ("files", TABLE, 'files = "a.csv"', 1, "table: files take no options"),
        ("files", "", "", 1, "files is missing: name the files"),
        ("database", f'{TABLE}\npassword = "hunter2"', "", 8, "options.password: looks like a credential.*PATRON_SECRET_<NAME>"),
        ("database", f'{TABLE}\ndsn = "mysql://u:hunter2@h/d"', "", 8, "options.dsn: looks like a credential"),
        ("database", f'{TABLE}\ndsn = "host=h password=hunter2"', "", 8, "options.dsn: looks like a credential"),
        ("database", f'{TABLE}\ncredential = "Hunter2hunter2!"', "", 8, "is not the name of a credential"),
        ("rest", 'url = "https://h/a?api_key=hunter2"', "", 7, "options.url: looks like a credential"),
        ("rest", 'url = "https://h"\nheaders = { Authorization = "hunter2" }', "", 8, "options.headers.Authorization: looks"),
        ("object_store", 'url = "s3://b/*.csv"\nstorage = { client = { secret = "hunter2" } }', "", 8, "storage.client.secret: looks"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(
    connector: str, options: str, more: str, line: int, words: str, tmp_path: Path
) -> None:
    (fault,) = faults_of(tmp_path, one_shop.settings(connector, options, more))
    assert fault.line == line
    for part in words.split(".*"):
        assert part in str(fault)


def test_options_that_are_a_bare_address_are_refused_without_showing_it(tmp_path: Path) -> None:
    text = one_shop.settings("database", "").replace("[sources.sales.options]", "")
    text = text.replace('connector = "database"', 'connector = "database"\noptions = "mysql://u:hunter2@h/d"')
    (fault,) = faults_of(tmp_path, text)
    assert (fault.key, fault.line) == ("sources.sales.options", 4)


def test_no_option_of_a_built_in_connector_is_named_like_a_credential() -> None:
    for name in connector_names():
        fields = connector_named(name).options.model_fields
        assert secret_looking(dict.fromkeys(fields, "")) == ()
        assert all(field.description for field in fields.values())


@pytest.mark.parametrize(
    ("key", "value", "is_secret"),
    [
        ("api_key", "", True),
        ("access_token", "", True),
        ("clientSecret", "", True),
        ("account-key", "", True),
        ("dsn", "postgresql://u@h/d", False),
        ("dsn", "postgresql://u:p@h/d", True),
        ("dsn", "postgresql://h/d?password=p", True),
        ("query", "SELECT token, key FROM t WHERE a = 'password'", False),
        ("cursor_param", "next_token", False),
        ("table", "passwords", False),
        ("credential", "shop_db", False),
        ("url", "https://h:443/a:b@c", False),
        ("url", "https://[broken:x@y", True),
    ],
)
def test_what_looks_like_a_credential(key: str, value: str, is_secret: bool) -> None:
    assert bool(secret_looking({key: value})) is is_secret


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("postgresql://u:p%40ss@h/d", "login with p@ss or p%40ss"),
        ("host=h password='it''s me' user=u", "login with password"),
        ('{"type": "service_account", "private_key": "line\\nline"}', "key line\nline or line\\nline"),
        ("plain-token\n", "Bearer plain-token"),
        ('{"client_kwargs": {"aws_secret_access_key": "line"}, "region": "eu"}', "signed with line in eu"),
        ("host=h sslpassword=line user=u", "sslpassword line"),
        ("AccountName=shop;AccountKey=line==;", "AccountKey line=="),
    ],
)
def test_no_part_of_a_credential_is_shown(secret: str, shown: str) -> None:
    hidden = shown
    for part in hidden_parts(secret):
        hidden = hidden.replace(part, "***")
    assert ("***" in hidden) is (hidden != shown)
    for part in ("p@ss", "p%40ss", "line", "plain-token"):
        assert part not in hidden
