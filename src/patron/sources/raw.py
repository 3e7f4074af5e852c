"""Any raw file, read in a child process with limits: whatever it holds, the one who asks lives on."""

from __future__ import annotations

from patron.sources.isolated.limits import Limits
from patron.sources.isolated.reader import read_raw, sheets, sniffed
from patron.sources.rows import RawBatch, RawFile, RejectedRow, stored_name

__all__ = ["Limits", "RawBatch", "RawFile", "RejectedRow", "read_raw", "sheets", "sniffed", "stored_name"]
