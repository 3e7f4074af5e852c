"""A Patron connector for know-your-customer sheets: one text file per customer, a field on each line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from patron.sources.connectors import Fetched, Options, Request


class KycSheetOptions(Options):
    """What ``kyc_sheet`` can be told."""

    folder: str = Field(description="the folder of sheets, from the workspace")
    pattern: str = Field("*.kyc", description="which of its files are sheets")


@dataclass(frozen=True)
class KycSheet:
    """Fetches every sheet as one row; the fields' names are the columns."""

    name: str = "kyc_sheet"
    meaning: str = "know-your-customer sheets: a text file per customer, a field on each line"
    options: type[Options] = KycSheetOptions
    lands: Literal["rows"] = "rows"

    def fetch(self, request: Request) -> Fetched:
        """Put a row per sheet into the landing, in the order of the files' names."""
        folder = request.folder / request.options.folder
        if not folder.is_dir():
            raise request.failed(f"there is no folder {folder}")
        for path in sorted(folder.glob(request.options.pattern)):
            fields = _fields(path)
            request.landing.add_rows(list(fields), [list(fields.values())])
        return Fetched()


def _fields(path: Path) -> dict[str, str]:
    """A sheet's fields by name; lines without a colon are passed over."""
    lines = (line.partition(":") for line in path.read_text("utf-8").splitlines())
    return {name.strip(): value.strip() for name, colon, value in lines if colon}


CONNECTOR: Final = KycSheet()
