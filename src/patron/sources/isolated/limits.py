"""What the reading child may use, and how it gives up everything else before it looks at a file."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from typing import Any, Final

_NEW_USER: Final = 0x10000000  # CLONE_NEWUSER: in which an ordinary user may ask for the next
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET of Linux: a network without interfaces
_NO_NEW_PRIVILEGES: Final = 38  # PR_SET_NO_NEW_PRIVS of Linux
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What a reader of files never does: reach out, start programs, load code, or change the disk.
_FORBIDDEN: Final = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "shutil.",
    "ctypes.dlopen",
    "pty.",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
)


@dataclass(frozen=True)
class Limits:
    """Memory in GB, and seconds that the next rows of a file may take."""

    memory_gb: float = 4.0
    seconds: float = 300.0


def give_up_powers(limits: Limits) -> None:
    """Bound this process's memory, and take from it network, programs and writing, for good.

    Memory is bounded by the system on Linux, and the network too where it lets a process leave it (containers often do
    not). Everywhere Python's own calls for network, programs and writing are refused.
    """
    _bound(limits)
    if sys.platform == "linux":
        _leave_network()
    sys.addaudithook(_refuse)


def _bound(limits: Limits) -> None:
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for name, most in (("RLIMIT_AS", int(limits.memory_gb * 2**30)), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        kind = getattr(resource, name, None)
        if kind is not None:
            _, hard = resource.getrlimit(kind)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (least, least))


def _leave_network() -> None:
    """Move to a network without interfaces, where the system lets us; the audit hook refuses sockets in any case."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.unshare(_NEW_NETWORK):
        libc.unshare(_NEW_USER | _NEW_NETWORK)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:  # Any: an audit event's own arguments
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"A file being read may not do this: {event}.")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError("A file being read may not write.")
