"""Each new file's accepted rows against those of its source's earlier files: spread, shares, days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from patron.pipeline.gates.batches import by_history, counting_files, is_trusted, judged_files, of_source
from patron.pipeline.landing.landed import LandedFile
from patron.pipeline.step import Run
from patron.quality.batch_profile import CUSTOMERS, DAYS, NOTHING, REPEATS, ROWS, SPAN
from patron.quality.expectations import Expectation, Kind, Verdict
from patron.quality.history import PSI_ROWS, shift, usual_count, usual_days, usual_share
from patron.tables import BATCH_PROFILES, INTAKE, source_table

Profile = Mapping[str, Mapping[str, int]]
"""Counts by bin, by column; the column without a name counts the whole file."""

_IF_RIGHT = "If it is right as it is, name it in quality.trusted_files; else export it again, or take it out."
_HOUR_FLOOR = 0.5
"""Summer time moves a clean feed by an hour."""
_REPEATS_FLOOR = 0.2
_QUARANTINE_FLOOR = 0.02


def history_verdicts(run: Run, fresh: Sequence[LandedFile]) -> list[Verdict]:
    """The verdicts on each new file, against the files of its source that came before it."""
    if not fresh or run.settings.quality.history == "off":
        return []
    judged = judged_files(run)
    files = [file for file in counting_files(run) if file.identity in judged]
    profiles, refused = _profiles(run), _quarantined(run)
    verdicts: list[Verdict] = []
    for file in fresh:
        mine = of_source(files, file.source_name)
        earlier = mine[: mine.index(file)]
        # A file of which every row was there already has no profile, and nothing to compare.
        if earlier and file.identity in profiles and not is_trusted(run, file):
            past = [profiles[other.identity] for other in earlier if other.identity in profiles]
            verdicts += _against(run, file, profiles[file.identity], past)
            verdicts += _quarantine_drift(run, file, earlier, refused)
    return verdicts


def _against(run: Run, file: LandedFile, profile: Profile, past: Sequence[Profile]) -> list[Verdict]:
    found: list[Verdict] = []
    rows = _whole(profile, ROWS)
    for column in sorted(set(profile) - {""}):
        found += _spread(run, file, column, profile[column], [one.get(column, {}) for one in past])
        gaps = [(one.get(column, {}).get(NOTHING, 0), _whole(one, ROWS)) for one in past if column in one]
        words = f"{column} is empty in {{:.1%}} of its rows"
        found += _share(run, file, column, profile[column].get(NOTHING, 0), rows, gaps, words, "completeness")
    if REPEATS in profile.get("", {}):
        past_repeats = [(_whole(one, REPEATS), _whole(one, ROWS)) for one in past]
        words = "{:.1%} of its rows repeat another row of the file"
        repeated = _whole(profile, REPEATS)
        found += _share(run, file, "", repeated, rows, past_repeats, words, "share", floor=_REPEATS_FLOOR)
    return found + _days(run, file, profile, past) + _customers(run, file, profile, past)


def _spread(
    run: Run, file: LandedFile, column: str, bins: Mapping[str, int], past: Sequence[Mapping[str, int]]
) -> list[Verdict]:
    is_hour = source_table(file.source.table).column(column).kind == "moment"
    given = {name: count for name, count in bins.items() if name != NOTHING}
    known = [{name: count for name, count in one.items() if name != NOTHING} for one in past]
    moved = shift(given, known, **({"floor": _HOUR_FLOOR} if is_hour else {}))
    if moved is None:
        return []
    what = "the hours of " if is_hour else ""
    words = f"{what}{column} is spread unlike earlier files: stability index {moved.index:.2f}"
    expectation = _expectation(run, file, "distribution", column)
    return [Verdict(expectation, moved.index, None, moved.allowed, words, file.name)]


def _share(
    run: Run,
    file: LandedFile,
    column: str,
    count: int,
    rows: int,
    past: Sequence[tuple[int, int]],
    words: str,
    kind: Kind,
    *,
    floor: float = 0.1,
) -> list[Verdict]:
    most = usual_share(past, rows, floor=floor)
    if most is None:
        return []
    share = count / rows
    return [Verdict(_expectation(run, file, kind, column), share, None, most, words.format(share), file.name)]


def _days(run: Run, file: LandedFile, profile: Profile, past: Sequence[Profile]) -> list[Verdict]:
    """Whether days within the file are missing that earlier files had."""
    spans = [(_whole(one, DAYS), _whole(one, SPAN), _whole(one, ROWS)) for one in past]
    days, span = _whole(profile, DAYS), _whole(profile, SPAN)
    least = usual_days(spans, span, _whole(profile, ROWS))
    if least is None:
        return []
    words = f"{days:,} of the {span:,} days from its first to its last have rows"
    return [Verdict(_expectation(run, file, "days", "occurred_at"), days, least, None, words, file.name)]


def _customers(run: Run, file: LandedFile, profile: Profile, past: Sequence[Profile]) -> list[Verdict]:
    """Whether as many customers bought as usual: a feed that fills in one id for all has a usual number of rows."""
    usual = usual_count([_whole(one, CUSTOMERS) for one in past])
    count = _whole(profile, CUSTOMERS)
    if usual is None or _whole(profile, ROWS) < PSI_ROWS:
        return []
    words = f"{count:,} customers, where about {usual.expected:,.0f} are usual"
    expectation = _expectation(run, file, "volume", "customer_id")
    return [Verdict(expectation, count, round(usual.least), round(usual.most), words, file.name)]


def _quarantine_drift(
    run: Run, file: LandedFile, earlier: Sequence[LandedFile], refused: Mapping[tuple[str, str], tuple[int, int]]
) -> list[Verdict]:
    past = [refused[other.identity] for other in earlier if other.identity in refused]
    count, rows = refused[file.identity]
    words = "{:.1%} of its rows cannot be believed"
    return _share(run, file, "", count, rows, past, words, "completeness", floor=_QUARANTINE_FLOOR)


def _expectation(run: Run, file: LandedFile, kind: Kind, column: str) -> Expectation:
    columns = (column,) if column else ()
    return by_history(run, Expectation("silver", file.source.table, kind, columns, to_do=_IF_RIGHT, rule="history"))


def _profiles(run: Run) -> dict[tuple[str, str], dict[str, dict[str, int]]]:
    found: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
    for row in run.warehouse.fetch(run.warehouse.table("silver", BATCH_PROFILES.name)).to_pylist():
        columns = found.setdefault((row["source"], row["file_id"]), {})
        columns.setdefault(row["column_name"], {})[row["bin"]] = int(row["rows"])
    return found


def _quarantined(run: Run) -> dict[tuple[str, str], tuple[int, int]]:
    """For each judged file, how many of its rows were set aside, and how many it had."""
    intake = run.warehouse.table("silver", INTAKE.name).select("source", "file_id", "quarantined", "rows_in")
    rows = run.warehouse.fetch(intake).to_pylist()
    return {(row["source"], row["file_id"]): (int(row["quarantined"]), int(row["rows_in"])) for row in rows}


def _whole(profile: Profile, name: str) -> int:
    return profile.get("", {}).get(name, 0)
