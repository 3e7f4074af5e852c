"""Set Patron up in an environment of its own and do one thing with it. Needs Python 3.11 or newer, nothing else.

    python3 start.py demo [ARGUMENT ...]     patron demo on real sample households
    python3 start.py test [ARGUMENT ...]     format, lint, types, import contracts, tests, docs
    python3 start.py proofs [KIND ...]       the slow proofs: slow, engines (PostgreSQL; Spark needs Java), integrations, measured
    python3 start.py patron [ARGUMENT ...]   any patron command

The first call installs (about a minute on a good line); later calls start at once.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
OLDEST = (3, 11)


def main() -> int:
    if sys.version_info < OLDEST:
        return refuse(
            f"Patron needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.",
            "Install a newer Python and call it by name, for example: python3.13 start.py demo",
        )
    what, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if what == "demo":
        return call(environment(".venv", "sample"), "-m", "patron", "demo", *arguments)
    if what == "patron":
        return call(environment(".venv", "sample"), "-m", "patron", *arguments)
    if what == "test":
        return call(environment(".venv-dev", "dev"), str(HOME / "tests" / "everything.py"), *arguments, folder=HOME)
    if what == "proofs":
        return call(environment(".venv-proofs", "proofs"), str(HOME / "tests" / "proofs.py"), *arguments, folder=HOME)
    print(__doc__.strip())
    if what in ("", "-h", "--help"):
        return 0
    return refuse(f"There is nothing called '{what}' here.", "Known: demo, test, proofs, patron.") + 1


def environment(name: str, extra: str) -> Path:
    """The Python of an environment in this folder that holds Patron; made or renewed only when needed."""
    folder = HOME / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed-from"
    wanted = fingerprint(extra)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    say(f"Setting up {name} (once) …")
    make_environment(folder, python)
    stamp.unlink(missing_ok=True)
    install(python, "-q", "-e", f"{HOME}[{extra}]", "-c", str(HOME / "constraints.txt"))
    stamp.write_text(wanted)
    return python


def fingerprint(extra: str) -> str:
    """What an installation depends on: the project file, the constraints, the Python, the extra."""
    parts = [(HOME / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"".join([*parts, sys.version.encode(), extra.encode(), str(HOME).encode()])).hexdigest()


def make_environment(folder: Path, python: Path) -> None:
    """A virtual environment; where the distribution keeps ensurepip in a package of its own, one without pip."""
    flags = ["--clear"] if folder.exists() else []
    made = subprocess.run([sys.executable, "-m", "venv", *flags, str(folder)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    bare = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], capture_output=True, text=True
    )
    if bare.returncode or not python.exists():
        raise SystemExit(
            refuse(
                f"Cannot make a virtual environment in {folder}: {(bare.stderr or made.stderr or made.stdout).strip()}",
                "On Debian and Ubuntu: apt install python3-venv",
            )
        )


def install(python: Path, *what: str) -> None:
    """pip install into an environment, by its own pip or by this Python's."""
    own = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0
    pip = [str(python), "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", str(python)]
    done = subprocess.run([*pip, "--disable-pip-version-check", "install", *what])
    if done.returncode:
        raise SystemExit(
            refuse(
                "The installation failed; pip's own words are above.",
                "Patron needs pip and a package index. On Debian and Ubuntu: apt install python3-pip python3-venv",
            )
        )


def call(python: Path, *arguments: str, folder: Path | None = None) -> int:
    """Run a Python of ours; Patron's advice on what to type next then begins as the user began."""
    told = {**os.environ, "PATRON_CALLED_AS": f"python3 {sys.argv[0]} patron"}
    return subprocess.run([str(python), *arguments], cwd=folder, env=told).returncode


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def refuse(what: str, to_do: str) -> int:
    say(f"✗ {what}\n  {to_do}")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
