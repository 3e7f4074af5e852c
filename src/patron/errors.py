"""Every way Patron can say no.

PatronError
├── UsageError              what was asked for cannot be done as asked (exit 2)
│   ├── SettingsError       patron.toml is wrong; carries every fault
│   ├── UnknownName         a name that is not one of the known ones
│   ├── NothingThere        a file, folder, release or workspace that does not exist
│   ├── AlreadySo           what was to be changed has changed already, or stands in the way
│   ├── NeedsAnother        what only somebody else may do
│   └── VaultLocked         the key that wraps the vault's keys was not given
├── DataError               the data, not the request, is at fault (exit 3)
│   ├── UnreadableFile      a file that cannot be read as what it claims to be
│   ├── AmbiguousData       a value that can be read in two ways; the user must say which
│   ├── BrokenContract      a batch that may not go further
│   │   └── GateClosed      quality checks of a layer that failed, every one told
│   └── LeakFound           a model that looks at the future
├── WorkspaceBusy           another run holds the lock; retrying later helps (exit 4)
├── DamagedRelease          a release whose files no longer match their hashes (exit 5)
├── DamagedWarehouse        a warehouse that cannot be opened as one (exit 5)
├── DamagedLake             a fetched file that is no longer what was fetched (exit 5)
├── DamagedBackup           a backup that is not as it was made (exit 5)
├── DamagedAudit            an audit chain that is not as it was written (exit 5)
├── DamagedVault            a personal value, or its key, that is not as it was written (exit 5)
├── StorageFailed           the disk refuses to read or write; retrying later may help (exit 6)
└── SourceFailed            a database, store or service that cannot be reached or refuses; retrying later may help (exit 7)

Bad rows are never errors: they are quarantined, with a reason, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class PatronError(Exception):
    """Anything Patron refuses to do, worded for the person who asked."""

    exit_code = 1
    retry_can_help = False

    def __init__(self, what: str, *, allowed: str = "", to_do: str = "") -> None:
        self.what = what
        self.allowed = allowed
        self.to_do = to_do
        super().__init__(" ".join(part for part in (what, allowed, to_do) if part))


class UsageError(PatronError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not one of the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        close = get_close_matches(name, self.known, n=1)
        super().__init__(
            f"No {kind} named '{name}'.",
            allowed=f"Known: {', '.join(self.known) or 'none yet'}.",
            to_do=f"Did you mean '{close[0]}'?" if close else "",
        )


class NothingThere(UsageError):
    """A file, folder, release or workspace that does not exist."""


class AlreadySo(UsageError):
    """What was to be changed has changed already, or something that stands is in the way."""


class NeedsAnother(UsageError):
    """What only somebody else may do: four eyes are asked for."""


class VaultLocked(UsageError):
    """The key that wraps the vault's keys was not given."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in patron.toml: where, what, what was allowed, what to do."""

    key: str
    line: int | None
    problem: str
    allowed: str = ""
    to_do: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        tail = " ".join(part for part in (self.allowed, self.to_do) if part)
        return f"{where}{self.key}: {self.problem} {tail}".rstrip()


class SettingsError(UsageError):
    """patron.toml is wrong; every fault at once."""

    def __init__(self, path: str, faults: Sequence[Fault]) -> None:
        self.path, self.faults = path, tuple(faults)
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__(f"{path} has {count}:\n" + "\n".join(f"  {fault}" for fault in self.faults))


class DataError(PatronError):
    """The data, not the request, is at fault."""

    exit_code = 3


class UnreadableFile(DataError):
    """A file that cannot be read as what it claims to be."""

    def __init__(self, path: str, why: str, *, line: int | None = None, to_do: str = "") -> None:
        self.path, self.why, self.line = path, why, line
        where = f"{path}, line {line}" if line else path
        super().__init__(f"Cannot read {where}: {why}", to_do=to_do)


class AmbiguousData(DataError):
    """A value that can be read in two ways; the user must say which."""


class BrokenContract(DataError):
    """A batch that may not go further; nothing downstream has changed."""


class GateClosed(BrokenContract):
    """Quality checks of one layer failed; every one is told, and nothing after the gate has changed."""

    def __init__(self, layer: str, failed: Sequence[str], *, to_do: str) -> None:
        self.layer, self.failed = layer, tuple(failed)
        count = f"{len(self.failed)} check" + ("s" if len(self.failed) != 1 else "")
        super().__init__(
            f"The {layer} gate is closed: {count} failed.\n" + "\n".join(f"  {line}" for line in self.failed),
            to_do=to_do,
        )


class LeakFound(DataError):
    """A model that looks at the future, refused by name."""

    def __init__(self, model: str, feature: str, why: str) -> None:
        self.model, self.feature, self.why = model, feature, why
        super().__init__(
            f"Model '{model}' is refused: its input '{feature}' {why}",
            to_do="Remove that input, or compute it from what was known on the cutoff date.",
        )


class WorkspaceBusy(PatronError):
    """Another run holds the workspace; retrying later helps."""

    exit_code = 4
    retry_can_help = True


class DamagedRelease(PatronError):
    """A release whose files no longer match their hashes."""

    exit_code = 5


class DamagedWarehouse(PatronError):
    """A warehouse that cannot be opened as one."""

    exit_code = 5


class DamagedLake(PatronError):
    """A fetched file that is no longer what was fetched."""

    exit_code = 5


class SourceFailed(PatronError):
    """A database, store or service that cannot be reached or refuses; retrying later may help."""

    exit_code = 7
    retry_can_help = True


class DamagedAudit(PatronError):
    """The audit chain is not as it was written."""

    exit_code = 5


class DamagedBackup(PatronError):
    """A backup that is not as it was made."""

    exit_code = 5


class DamagedVault(PatronError):
    """A value of the vault, or its key, is not as it was written, or not whose it is said to be."""

    exit_code = 5


class StorageFailed(PatronError):
    """The disk refuses to read or write; retrying later may help."""

    exit_code = 6
    retry_can_help = True
