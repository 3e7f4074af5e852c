"""The slow proofs: kills, fuzzing and large worlds; every engine for real; other programs that judge our contract.

``python3 start.py proofs`` runs them in an environment of its own; a name (slow, engines, integrations) runs one kind. All are
run even if one fails, and the exit code is 0 only if all passed. ``measured`` holds figures against time itself: it needs a
computer where nothing else is at work, and runs only by its name.
"""

from __future__ import annotations

import sys

from everything import passes

KINDS = {"slow": ["-n", "2", "--dist", "worksteal"], "engines": [], "integrations": [], "measured": []}
BY_NAME_ONLY = {"measured"}


def main(arguments: list[str]) -> int:
    chosen = [name for name in KINDS if name in arguments] or [name for name in KINDS if name not in BY_NAME_ONLY]
    more = [argument for argument in arguments if argument not in KINDS]
    failed = [
        name
        for name in chosen
        if not passes(name, [sys.executable, "-m", "pytest", "-q", "-m", name, *KINDS[name], *more])
    ]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall proofs passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
