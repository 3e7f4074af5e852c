"""A command as somebody would type it, in this process: loading Patron anew for each would take most of the tests' time."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from patron.surfaces.cli.main import entry


def typed(
    *arguments: str, folder: Path | None = None, answer: str = "", settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What ``patron`` says to these arguments in a folder, and its exit code, as its own process would."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as around:
        around.enter_context(contextlib.redirect_stdout(out))
        around.enter_context(contextlib.redirect_stderr(err))
        around.enter_context(patch.object(sys, "stdin", io.StringIO(answer)))
        around.enter_context(patch.object(sys, "argv", ["patron", *arguments]))
        around.enter_context(patch.dict("os.environ", settings or {}))
        around.enter_context(contextlib.chdir(folder or Path.cwd()))
        code = _code()
    return subprocess.CompletedProcess(["patron", *arguments], code, out.getvalue(), err.getvalue())


def _code() -> int:
    try:
        entry()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    return 0
