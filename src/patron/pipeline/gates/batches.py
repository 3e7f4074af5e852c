"""Which files of a source were believed so far, and which came with this run: what history checks compare."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from patron.pipeline.landing.landed import LandedFile, landed_files
from patron.pipeline.step import Run
from patron.quality.expectations import Expectation
from patron.tables import INTAKE


def judged_files(run: Run) -> set[tuple[str, str]]:
    """The files whose rows were believed, by source and file id."""
    if not run.warehouse.exists("silver", INTAKE.name):
        return set()
    rows = run.warehouse.fetch(run.warehouse.table("silver", INTAKE.name).select("source", "file_id"))
    return {(row["source"], row["file_id"]) for row in rows.to_pylist()}


def counting_files(run: Run) -> list[LandedFile]:
    """The landed files that count, in the order they came: those that were believed, and today's.

    One that was refused and has been taken away is no part of the history.
    """
    today = {(file.source_name, file.file_id) for file in run.files}
    known = judged_files(run) | today
    return [file for file in landed_files(run) if file.identity in known]


def of_source(files: Sequence[LandedFile], source: str) -> list[LandedFile]:
    """The files of one source, in order."""
    return [file for file in files if file.source_name == source]


def is_trusted(run: Run, file: LandedFile) -> bool:
    """Whether patron.toml says that this file is right although unlike earlier ones."""
    return run.settings.quality.history == "off" or any(
        fnmatch(file.name, entry) for entry in run.settings.quality.trusted_files
    )


def by_history(run: Run, expectation: Expectation) -> Expectation:
    """A check against history, as severe as patron.toml says."""
    return expectation.warning() if run.settings.quality.history == "warn" else expectation
