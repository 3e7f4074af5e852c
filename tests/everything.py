"""Every check behind one command: format, lint, types, import contracts, docs, tests.

``python3 start.py test`` runs it in an environment of its own; arguments are handed to pytest. All checks run even if one fails, and the
exit code is 0 only if all passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def main(arguments: list[str]) -> int:
    checks = {
        "format": [str(BIN / "ruff"), "format", "--check", "-q", "."],
        "lint": [str(BIN / "ruff"), "check", "-q", "."],
        "types": [str(BIN / "mypy")],
        "imports": [str(BIN / "lint-imports"), "--no-cache"],
        "tests": [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *arguments],
    }
    failed = [name for name, command in checks.items() if not passes(name, command)]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed", flush=True)
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    print(f"— {name}", flush=True)
    began = time.perf_counter()
    # Two workers keep two processors busy; small sums that BLAS splits over threads would only wait for each other.
    code = subprocess.run(command, cwd=HOME, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, check=False).returncode
    print(
        f"  {name}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.perf_counter() - began:.0f} s", flush=True
    )
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
