"""A planted credential is looked for everywhere: in the workspace's files, in what is said, in errors; it is nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from patron.errors import PatronError
from patron.pipeline.runner import run_workspace
from sources.connectors import one_shop
from sources.connectors.fetches import whole_folder
from sources.connectors.mariadb_server import PASSWORD as MARIADB_PASSWORD
from sources.connectors.mariadb_server import mariadb_dsn
from sources.connectors.services import Answer, Asked, service
from warehouse.postgres_server import PASSWORD, server_dsn

PLANTED = "hunter2-hunter2-hunter2"
BY_TIME = 'table = "orders"\nwatermark = "bought"'


def patron(folder: Path, secret: str, *words: str) -> tuple[int, str]:
    """Run a command with the credential in the environment; gives its exit code and all that it said."""
    environment = os.environ | {"PATRON_SECRET_SALES": secret}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-m", "patron", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def assert_hidden(folder: Path, said: str, planted: str = PLANTED) -> None:
    assert planted not in said
    assert planted.encode() not in whole_folder(folder)


def answers(asked: Asked) -> Answer:
    if asked.headers.get("authorization") != f"Bearer {PLANTED}":
        return Answer(b"who are you?", status=403)
    begin = 50 * (int(asked.params["page"]) - 1)
    return Answer(
        one_shop.json_page(one_shop.rows(begin, min(begin + 50, 120))) if begin < 120 else one_shop.json_page([])
    )


@pytest.mark.slow
def test_a_whole_run_over_a_service_leaves_the_credential_nowhere(tmp_path: Path) -> None:
    with service(answers) as shop:
        options = f'url = "{shop.url}/orders"\nrecords = "data.orders"\npaging = "page"'
        folder = one_shop.write_settings(tmp_path, one_shop.settings("rest", options))
        code, said = patron(folder, PLANTED, "run")
        assert code == 0, said
        assert_hidden(folder, said)
        for words in (("sources", "--json"), ("fetch", "--json"), ("run", "--json")):
            code, said = patron(folder, PLANTED, *words)
            assert code == 0, said
            assert_hidden(folder, said)


@pytest.mark.parametrize(
    ("connector", "options", "secret"),
    [
        ("database", BY_TIME, f"postgresql://ann:{PLANTED}@127.0.0.1:1/shop?connect_timeout=2"),
        ("database", BY_TIME, f"postgresql://ann:{PLANTED}@[broken:1/shop"),
        ("database", BY_TIME, f"host=127.0.0.1 password={PLANTED}"),
        ("database", BY_TIME, f"mysql://ann:{PLANTED}@127.0.0.1:1/shop"),
        ("database", BY_TIME, f"nosuch://ann:{PLANTED}@127.0.0.1/shop"),
        ("rest", 'url = "http://127.0.0.1:1/orders"\nretries = 0', PLANTED),
        ("rest", 'url = "http://127.0.0.1:1/orders"\nretries = 0', f"{PLANTED}\nX-Evil: 1"),
        ("object_store", 'url = "memory://shop/*.csv"', PLANTED),
        ("object_store", 'url = "memory://shop/*.csv"', f'{{"{PLANTED}": 1}}'),
        ("bigquery", 'table = "shop.orders"', f'{{"private_key": "{PLANTED}"}}'),
    ],
)  # fmt: skip
def test_a_failure_says_what_is_wrong_but_not_the_credential(
    connector: str,
    options: str,
    secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = one_shop.write_settings(tmp_path, one_shop.settings(connector, options))
    monkeypatch.setenv("PATRON_SECRET_SALES", secret)
    with pytest.raises(PatronError, match="sales|package") as caught:
        run_workspace(folder)
    shown = "".join(traceback.format_exception(caught.value))
    assert_hidden(folder, shown + "".join(capfd.readouterr()))


@pytest.mark.slow
def test_a_failure_at_the_command_line_has_its_exit_code_and_hides_the_credential(tmp_path: Path) -> None:
    folder = one_shop.write_settings(tmp_path, one_shop.settings("database", BY_TIME))
    for secret, expected in ((f"mysql://ann:{PLANTED}@127.0.0.1:1/shop", 7), (f"nosuch://{PLANTED}", 2)):
        for words in (("run",), ("run", "--json"), ("fetch",)):
            code, said = patron(folder, secret, *words)
            assert code == expected, said
            assert "sales" in said
            assert_hidden(folder, said)


@pytest.mark.slow
def test_a_secrets_file_is_only_read_and_a_credential_in_patron_toml_is_refused_unshown(tmp_path: Path) -> None:
    text = one_shop.settings("database", f'dsn = "mysql://ann:{PLANTED}@127.0.0.1/shop"\n{BY_TIME}')
    code, said = patron(one_shop.write_settings(tmp_path / "toml", text), "", "run")
    assert code == 2
    assert "options.dsn: looks like a credential" in said
    assert PLANTED not in said
    folder = one_shop.write_settings(tmp_path / "file", one_shop.settings("database", BY_TIME))
    (folder / "secrets.toml").write_text(f'sales = "mysql://ann:{PLANTED}@127.0.0.1:1/shop"\n')
    (folder / "secrets.toml").chmod(0o600)
    environment = {name: value for name, value in os.environ.items() if name != "PATRON_SECRET_SALES"}
    done = subprocess.run(
        [sys.executable, "-m", "patron", "run"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert PLANTED not in done.stdout + done.stderr
    (folder / "secrets.toml").unlink()
    assert_hidden(folder, "")


@pytest.mark.engines
@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_a_whole_run_over_a_real_server_leaves_its_password_nowhere(engine: str, tmp_path: Path) -> None:
    dsn, password = (server_dsn(), PASSWORD) if engine == "postgresql" else (mariadb_dsn(), MARIADB_PASSWORD)
    query = "SELECT line_id AS id, client, bought, paid, shop FROM orders"
    rows = " UNION ALL ".join(
        f"SELECT {row[0]} AS line_id, {'NULL' if row[1] is None else repr(row[1]).replace(chr(34), chr(39))} AS client, "
        f"'{row[2]}' AS bought, {row[3]} AS paid, '{row[4]}' AS shop"
        for row in one_shop.rows(0, 120)
        if row[1] != "O'Hara"
    )
    folder = one_shop.write_settings(
        tmp_path, one_shop.settings("database", f'query = "{query.replace("orders", f"({rows}) o")}"')
    )
    for words in (("run",), ("sources",)):
        code, said = patron(folder, dsn, *words)
        assert code == 0, said
        assert_hidden(folder, said, password)
