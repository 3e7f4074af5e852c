"""What a model card says, in sentences: the same in the report, the Markdown file and the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from patron.reports.evidence import CoverageRow, ValueDriver
from patron.reports.model_card import FairnessPart, GapRow, GroupRow, Measured, ModelCard, ModelResult, SliceRow
from patron.reports.story import METRIC_NAMES, Level, Verdict, metric_figure
from patron.reports.wording import count, day, listed, number, period, share, signed_share

SHOWN_FIGURES: Final = {
    "wape": "WAPE",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "bias": "Bias",
    "spearman": "Rank corr.",
    "gini": "Gini",
    "precision_at_10": "Precision, top 10%",
    "capture_10": "Top 10% held",
    "capture_20": "Top 20% held",
    "decile_mape": "Decile error",
}
STANDING_WORDS: Final = {"within": "Alike", "beyond": "Not alike", "unsure": "Cannot tell"}
STANDING_LEVELS: Final[dict[str, Level]] = {"within": "good", "beyond": "poor", "unsure": "untested"}
# Good and fair at most, as the mean distance between a chance said and a share seen. Conventions, not laws.
ECE_BOUNDS: Final = (0.03, 0.08)


def purpose_sentence(card: ModelCard) -> str:
    """What the values are for, and what not."""
    kind = "margin" if card.run.basis == "margin" else "revenue"
    return (
        f"The net {kind} in {card.run.currency} expected of each known customer in the {period(card.run.horizon_days)} after "
        f"{day(card.run.as_of)}, to rank customers, plan and budget. It is no decision about a person, and no promise about one."
    )


def data_sentence(card: ModelCard) -> str:
    """What the model learnt from."""
    run = card.run
    return (
        f"{run.accepted:,} of {count(run.rows_in, 'row')} of transactions by {count(run.customers, 'customer')}, "
        f"{day(run.first_day)} to {day(run.as_of)} ({count(run.history_days, 'day')})."
    )


def test_sentence(card: ModelCard) -> str:
    """How it was tested."""
    if card.study is None:
        return "No backtest was possible: nothing here has been measured."
    folds = count(len(card.gate.folds), "past day")
    return (
        f"From {folds} each model predicted the next {count(card.run.horizon_days, 'day')} of "
        f"{count(card.study.customers, 'customer')}, from what was known by then. ± is one standard error "
        f"({card.study.resampling}; a customer in several folds is drawn as one)."
    )


def measured(figure: Measured | None, metric: str, currency: str) -> str:
    """A figure with its error: '£1,412 ± 38'."""
    if figure is None or figure.value is None:
        return number(None)
    written = metric_figure(metric, figure.value, currency)
    if figure.error is None:
        return written
    if metric in {"mae", "rmse"}:
        return f"{written} ± {figure.error:,.{0 if abs(figure.value) >= 100 else 2}f}"
    if metric in {"gini", "spearman"}:
        return f"{written} ± {figure.error:.2f}"
    return f"{written} ± {figure.error * 100:.{0 if figure.error >= 0.01 else 1}f}"


def gap_words(card: ModelCard, row: ModelResult) -> str:
    """How far a model's declared metric is from the champion's, and whether that is more than chance."""
    gap = row.behind_champion
    if gap is None or gap.value is None or gap.error is None:
        return "champion" if row.model == card.gate.champion else number(None)
    metric = card.gate.metric
    size = measured(Measured(abs(gap.value), gap.error), metric, card.run.currency)
    word = "better" if _is_ahead(card, row) else "worse"
    return f"{size} {word}{'' if abs(gap.value) > 2 * gap.error else ', within chance'}"


def slice_words(row: SliceRow) -> str:
    """How far a slice is off: 'tenth Bottom tenth: predicted 70% above what came'."""
    value = row.bias.value or 0.0
    return f"{slice_name(row)}: predicted {share(abs(value))} {'above' if value > 0 else 'below'} what came (± {_points(row.bias.error)})"


def slice_name(row: SliceRow) -> str:
    """A slice by its grouping and name."""
    if row.by == "decile":
        return row.name
    return f"{row.name.capitalize()} tier" if row.by == "tier" else f"{by_words(row.by).capitalize()} {row.name}"


def by_words(by: str) -> str:
    """A grouping in words."""
    return {"decile": "tenth by prediction", "cohort": "first purchase in"}.get(by, by.replace("_", " "))


def worst_sentence(card: ModelCard) -> str:
    """Where it is worst, or that nothing stands out."""
    study = card.study
    if study is None:
        return ""
    looked = count(len(study.slices), "slice")
    if not study.worst_slices:
        return f"Of {looked} none is off by a tenth or more beyond what chance alone would show."
    off = len([row for row in study.slices if row.off])
    verb = "is" if off == 1 else "are"
    return f"Of {looked}, {off} {verb} off by a tenth or more beyond what chance alone would show; the worst: {slice_words(study.worst_slices[0])}."


def fairness_sentence(card: ModelCard) -> str:
    """The verdict on declared groups, in plain words."""
    part = card.study.fairness if card.study else None
    if part is None:
        return "Not judged: there was no backtest."
    if not part.declared:
        return "No group was declared (models.fairness_groups)."
    left_out = _left_out(part)
    if not part.groups:
        return f"No declared group could be judged.{left_out}"
    judged = listed(list(dict.fromkeys(by_words(row.by) for row in part.groups)))
    beyond = [_gap_words(row) for row in part.groups if row.standing == "beyond"]
    limit = f"{share(part.limit)} above or below the rest, for what it turned out to be"
    if part.standing == "beyond":
        return f"Not served alike, against the rest and for what they turned out to be: {'; '.join(beyond)}.{left_out}"
    if part.standing == "within":
        return f"By {judged}, no group is placed more than {limit}.{left_out}"
    return (
        f"By {judged}, no group is clearly placed more than {limit}; for some there are too few customers to rule it out."
        f"{left_out}"
    )


def _gap_words(row: GroupRow) -> str:
    """The widest gap of a group, with what it may be."""
    gaps = [("valued", row.value), *([("expected to buy", row.buyers)] if row.buyers is not None else [])]
    what, gap = max(gaps, key=lambda told: abs(told[1].value or 0.0))
    where = "above" if (gap.value or 0.0) > 0 else "below"
    return (
        f"{by_words(row.by)} {row.name} is {what} {share(abs(gap.value or 0.0))} {where} it (anything from "
        f"{signed_share(gap.low)} to {signed_share(gap.high)})"
    )


def _left_out(part: FairnessPart) -> str:
    told = [f"no source tells {listed([by_words(by) for by in part.not_told])}"] if part.not_told else []
    told += [f"too few groups of {listed([by_words(by) for by in part.too_few])}"] if part.too_few else []
    return f" Not judged: {'; '.join(told)}." if told else ""


def gap_range(gap: GapRow | None) -> str:
    """A gap with its interval: '+12% (−3% to +27%)'."""
    if gap is None or gap.value is None:
        return number(None)
    return f"{signed_share(gap.value)} ({signed_share(gap.low)} to {signed_share(gap.high)})"


def calibration_sentence(card: ModelCard) -> str:
    """Whether chances of a purchase mean what they say."""
    part = card.study.calibration if card.study else None
    if part is None or part.ece.value is None or part.brier.value is None:
        return "Chances of a purchase were not judged."
    said = sum(row.rows * row.predicted for row in part.table) / sum(row.rows for row in part.table)
    came = sum(row.rows * (row.actual.value or 0.0) for row in part.table) / sum(row.rows for row in part.table)
    return (
        f"On average {share(said)} were said to buy and {share(came)} did; chances are off by {_points(part.ece.value)} points on "
        f"average (ECE). Brier score {part.brier.value:.3f}, against {part.brier_of_base_rate:.3f} for saying the same of everybody."
    )


def leak_sentence(card: ModelCard) -> str:
    """The receipt of the leak check."""
    if card.study is None:
        return "Not done: there was no backtest."
    check = card.study.leak_check
    if not check.models:
        return "No candidate competed, so there was nothing to search."
    how = "by name, and for knowing more than the past can" if check.by_content else "by name only (too few customers)"
    looked = f"{count(check.inputs, 'input')} of {listed(list(check.models))} on {check.views:,} past views, {how}"
    refused = [row.model for row in card.gate.refused if "its input" in row.reason]
    found = f"refused: {listed(refused)}" if refused else "none looks at the future"
    return f"Searched {looked}: {found}."


def coverage_words(row: CoverageRow) -> str:
    """How often an interval held: '78% ± 2 of 1,308'."""
    if row.measured is None:
        return number(None)
    error = f" ± {_points(row.error)}" if row.error is not None else ""
    return f"{share(row.measured)}{error}"


def coverage_sentence(card: ModelCard) -> str:
    """Whether the intervals hold, over all and where they are furthest off."""
    if not card.coverage or card.coverage[0].measured is None:
        return "The intervals have not been measured."
    overall = card.coverage[0]
    rows = [row for row in card.coverage[1:] if row.measured is not None]
    words = f"{coverage_words(overall)} of actual values fell inside their {share(overall.nominal)} interval"
    if overall.smoothed is not None and abs(overall.smoothed - (overall.measured or 0.0)) >= 0.005:
        words += f" ({share(overall.smoothed)} with zeros counted fairly)"
    if not rows:
        return f"{words}."
    furthest = max(rows, key=lambda row: abs(_fair_share(row) - row.nominal))
    return f"{words}; furthest off: {furthest.label[:1].lower() + furthest.label[1:]}, {share(_fair_share(furthest))}."


def _fair_share(row: CoverageRow) -> float:
    return row.smoothed if row.smoothed is not None else row.measured or 0.0


def card_verdicts(card: ModelCard) -> tuple[Verdict, ...]:
    """Is it fair, do chances hold, is it off anywhere: the three questions that only the card answers."""
    study = card.study
    if study is None:
        return ()
    part, chances = study.fairness, study.calibration
    fair: Level = STANDING_LEVELS[part.standing] if part.groups else "untested"
    word = STANDING_WORDS[part.standing] if part.groups else "Not judged"
    off = bool(study.worst_slices)
    verdicts = [
        Verdict("Is it off anywhere?", "fair" if off else "good", "Yes" if off else "Not proven", worst_sentence(card)),
        Verdict("Are groups served alike?", fair, word, fairness_sentence(card)),
    ]
    if chances is not None and chances.ece.value is not None:
        ece = chances.ece.value
        level: Level = "good" if ece <= ECE_BOUNDS[0] else "fair" if ece <= ECE_BOUNDS[1] else "poor"
        verdicts.append(Verdict("Do chances hold?", level, level.capitalize(), calibration_sentence(card)))
    return tuple(verdicts)


def front_verdicts(card: ModelCard | None) -> tuple[Verdict, ...]:
    """The card's verdicts that a reader of the first page needs: chances, and groups that are not served alike."""
    told = card_verdicts(card) if card is not None else ()
    return tuple(v for v in told if v.question == "Do chances hold?" or (v.level == "poor" and "groups" in v.question))


def models_finding(card: ModelCard) -> str:
    """What the models' chart shows."""
    rows = [row for row in (card.study.results if card.study else ()) if row.behind_champion is not None]
    ahead = [row for row in rows if _is_ahead(card, row) and not _within_chance(row)]
    close = [row for row in rows if _within_chance(row)]
    if not rows:
        return "Nothing competed with the champion"
    if ahead:
        return f"{count(len(ahead), 'model')} did better on this figure alone, but not on the whole gate"
    if not close:
        return "Every other model is behind by more than chance"
    return f"{count(len(close), 'other model')} {'is' if len(close) == 1 else 'are'} within chance of the champion"


def _is_ahead(card: ModelCard, row: ModelResult) -> bool:
    gap = row.behind_champion
    higher_is_better = card.gate.metric in {"gini", "spearman"}
    return gap is not None and gap.value is not None and (gap.value > 0) == higher_is_better


def _within_chance(row: ModelResult) -> bool:
    gap = row.behind_champion
    return gap is not None and gap.value is not None and abs(gap.value) <= 2 * (gap.error or 0.0)


def slices_finding(card: ModelCard) -> str:
    """What the slices' chart shows."""
    study = card.study
    if study is None or not study.worst_slices:
        return "No slice of the customers is off beyond doubt"
    worst = study.worst_slices[0]
    value = worst.bias.value or 0.0
    return f"Furthest off: {slice_name(worst)}, predicted {share(abs(value))} {'above' if value > 0 else 'below'} what came"


def chances_finding(card: ModelCard) -> str:
    """What the reliability chart shows."""
    part = card.study.calibration if card.study else None
    if part is None or part.ece.value is None:
        return "Chances were not judged"
    return f"Chances of a purchase are off by {_points(part.ece.value)} points on average"


def fairness_finding(card: ModelCard) -> str:
    """What the chart of declared groups shows."""
    standing = card.study.fairness.standing if card.study else "unsure"
    return {
        "within": "Declared groups are served alike",
        "beyond": "Declared groups are not served alike",
        "unsure": "No declared group is clearly placed above or below its worth",
    }[standing]


def metric_name(card: ModelCard) -> str:
    """The declared metric in words."""
    return METRIC_NAMES[card.gate.metric]


def _points(value: float | None) -> str:
    return number(None) if value is None else f"{value * 100:.{0 if value >= 0.0995 or value == 0 else 1}f}"


def value_drivers_finding(drivers: Sequence[ValueDriver]) -> str:
    """What moves the values most."""
    first = drivers[0]
    return f"{share(first.share)} of what sets values apart is the {first.noun}"
