"""The first gate: what the files themselves must be, before anything is read.

That a file is what was landed is held elsewhere: a fetched one is compared with its manifest, and each is hashed again
after it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from patron.pipeline.landing.landed import LandedFile, landed_files
from patron.pipeline.step import Run, SourceFile
from patron.quality.expectations import Expectation, Verdict
from patron.quality.history import usual_count
from patron.tables import FILES

_NAMED = 3


def lake_gate(run: Run) -> list[Verdict]:
    """Of each source's new files: none is empty, copies are told, and so is a size unlike earlier files'."""
    landed = landed_files(run) if run.warehouse.exists("bronze", FILES.name) else []
    known = {file.identity for file in landed}
    fresh = [file for file in run.files if (file.source_name, file.file_id) not in known]
    verdicts = []
    for name, group in groupby(fresh, key=lambda file: file.source_name):
        files = list(group)
        earlier = [file for file in landed if file.source_name == name]
        verdicts += [_not_empty(name, files), _no_copies(name, files), *_sizes(name, files, earlier)]
    return verdicts


def _not_empty(source: str, files: Sequence[SourceFile]) -> Verdict:
    to_do = "Export it again, or take it out of the folder, and run again."
    expectation = Expectation("lake", source, "required", to_do=to_do)
    return _counted(expectation, files, lambda file: file.path.stat().st_size == 0, "hold not one byte")


def _no_copies(source: str, files: Sequence[SourceFile]) -> Verdict:
    to_do = "Nothing need be done: equal files are read once."
    expectation = Expectation("lake", source, "unique", severity="warn", to_do=to_do)
    return _counted(expectation, files, lambda file: bool(file.copies), "have copies under other names")


def _sizes(source: str, files: Sequence[SourceFile], earlier: Sequence[LandedFile]) -> list[Verdict]:
    """Bytes against earlier files, to be told only: the bronze gate judges by rows."""
    expectation = Expectation(
        "lake", source, "volume", severity="warn", to_do="See what the bronze gate says of its rows."
    )
    usual = usual_count([file.bytes for file in earlier])
    if usual is None:
        return []
    return [
        Verdict(expectation, size, round(usual.least), round(usual.most), f"{size:,} bytes", file.path.name)
        for file in files
        for size in [file.path.stat().st_size]
    ]


def _counted(
    expectation: Expectation, files: Sequence[SourceFile], is_wrong: Callable[[SourceFile], bool], what: str
) -> Verdict:
    wrong = [file.path.name for file in files if is_wrong(file)]
    words = f"{len(wrong):,} of {len(files):,} new files {what}"
    if wrong:
        words += f" ({', '.join(wrong[:_NAMED])}{' …' if len(wrong) > _NAMED else ''})"
    return Verdict(expectation, float(len(wrong)), None, 0, words)
