"""The batch contract: when a whole file may not go further, in words."""

from __future__ import annotations

from dataclasses import dataclass

from patron.errors import BrokenContract
from patron.settings import QualitySettings


@dataclass(frozen=True)
class Intake:
    """What became of one file's rows."""

    source: str
    file_id: str
    name: str
    rows_in: int
    accepted: int
    anonymous: int
    duplicate: int
    quarantined: int


def refuse_empty(name: str, rows_in: int) -> None:
    """Stop a file that holds no rows: a feed that broke looks just like that."""
    if rows_in == 0:
        raise BrokenContract(
            f"{name} holds no data rows.",
            allowed="A file holds a header and at least one row.",
            to_do="Export it again, or take it out of the folder; nothing was changed.",
        )


def is_broken(intake: Intake, settings: QualitySettings) -> bool:
    """Whether too large a share of a file had to be quarantined."""
    return intake.quarantined > settings.quarantine_limit * intake.rows_in


def refuse_broken(
    intake: Intake, reasons: dict[str, int], example: str, settings: QualitySettings, kept_in: str
) -> None:
    """Stop a file of which too large a share had to be quarantined; ``kept_in`` is where its bad rows can be seen."""
    share = intake.quarantined / intake.rows_in
    listed = ", ".join(
        f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:5]
    )
    raise BrokenContract(
        f"{intake.name}: {intake.quarantined:,} of {intake.rows_in:,} rows ({share:.1%}) cannot be believed ({listed}). "
        f"The first: {example}.",
        allowed=f"At most {settings.quarantine_limit:.1%} may be quarantined (quality.quarantine_limit).",
        to_do=f"All of them are in {kept_in}. Correct the mapping in patron.toml or the file, or raise the limit; "
        "nothing downstream was changed.",
    )


def refuse_overlap(name: str, share: float) -> None:
    """Stop a file that mostly repeats rows already loaded, until the user says what it is."""
    told = f"{share:.0%}" if share == 1 else f"{min(share, 0.999):.1%}"
    raise BrokenContract(
        f"{name}: {told} of its rows are already loaded from earlier files.",
        allowed="Rows without a row_id cannot be told apart from repeats.",
        to_do='In this source\'s section of patron.toml set repeated_rows = "replace" (the file was written anew, and takes '
        'the place of what it was), "drop" (a later file that repeats old rows and brings new ones), or "keep" (new rows that '
        "happen to be equal); or name a row_id column. Nothing downstream was changed.",
    )


def balance(intake: Intake) -> None:
    """Rows in = accepted + duplicate + quarantined, or the run stops: a lost row is a fault of ours."""
    told = intake.accepted + intake.duplicate + intake.quarantined
    if told != intake.rows_in:
        raise BrokenContract(
            f"{intake.name}: {intake.rows_in:,} rows came in but {told:,} are accounted for "
            f"({intake.accepted:,} accepted, {intake.duplicate:,} duplicate, {intake.quarantined:,} quarantined).",
            to_do="This is a fault in Patron, not in your file; please report it. Nothing downstream was changed.",
        )
