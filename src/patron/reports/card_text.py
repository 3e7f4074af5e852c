"""The model card as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from patron.reports import card_story as told
from patron.reports.model_card import ModelCard, ModelResult, Study
from patron.reports.wording import count, number, printable, sentence, share, short_day

_OFTEN_ASKED = ("wape", "mae", "rmse", "bias", "spearman", "gini", "capture_20", "decile_mape")


def card_markdown(card: ModelCard) -> str:
    """The whole card; every figure is from the run that made it."""
    parts = [
        f"# Model card: {card.gate.champion_title}",
        *_section("What it is for", [told.purpose_sentence(card)]),
        *_section("What it learnt from", [told.data_sentence(card), _sources(card)]),
        *_section("How it was chosen", [*_choice(card)]),
        *_results(card),
        *_slices(card),
        *_fairness(card),
        *_chances(card),
        *_section("Intervals", [told.coverage_sentence(card), *_coverage(card)]),
        *_section("Search for leaks", [told.leak_sentence(card), *_refused(card)]),
        *_drivers(card),
        *_section("Limits", [_bullets(card.limits)] if card.limits else []),
        *_section("To make it again", [_items(_provenance(card))]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, parts: Iterable[str]) -> list[str]:
    filled = [part for part in parts if part]
    return [f"## {title}", *filled] if filled else []


def _sources(card: ModelCard) -> str:
    return _items(f"{file.name}: {count(file.rows_in, 'row')} of {file.table}" for file in card.run.sources)


def _choice(card: ModelCard) -> list[str]:
    how = f"The declared metric is {told.metric_name(card)}; a tie goes to the simpler model."
    return [told.test_sentence(card), how if card.study else "", _bullets(card.gate.reasons)]


def _results(card: ModelCard) -> list[str]:
    if card.study is None:
        return []
    names, currency = list(_OFTEN_ASKED), card.run.currency
    head = ["Model", *(told.SHOWN_FIGURES[name] for name in names), "Against the champion"]
    rows = [
        [
            f"**{row.title}**" if row.model == card.gate.champion else row.title,
            *(told.measured(row.overall.get(name), name, currency) for name in names),
            told.gap_words(card, row),
        ]
        for row in card.study.results
    ]
    champion = card.study.result(card.gate.champion)
    by_fold = _by_fold(card, champion) if champion else []
    return _section("How good it was", [_table(head, rows), *by_fold])


def _by_fold(card: ModelCard, champion: ModelResult) -> list[str]:
    head = ["Figure", *(short_day(fold.cutoff) for fold in champion.folds), "All folds"]
    rows = [
        [
            title,
            *(told.measured(fold.figures.get(name), name, card.run.currency) for fold in champion.folds),
            told.measured(champion.overall.get(name), name, card.run.currency),
        ]
        for name, title in told.SHOWN_FIGURES.items()
    ]
    rows.append(["Customers", *(number(fold.customers) for fold in champion.folds), number(_customers(card.study))])
    return [f"{champion.title}, from each past day:", _table(head, rows)]


def _customers(study: Study | None) -> int | None:
    return study.customers if study else None


def _slices(card: ModelCard) -> list[str]:
    if card.study is None:
        return []
    rows = [
        [
            told.by_words(row.by),
            printable(row.name),
            number(row.customers),
            told.measured(row.bias, "bias", card.run.currency),
            told.measured(row.wape, "wape", card.run.currency),
            "off" if row.off else "too few" if row.small else "",
        ]
        for row in card.study.slices
    ]
    worst = _bullets(told.slice_words(row) for row in card.study.worst_slices)
    head = ["By", "Slice", "Customers", "Bias", "WAPE", "Verdict"]
    return _section("Where it is off", [told.worst_sentence(card), worst, _table(head, rows)])


def _fairness(card: ModelCard) -> list[str]:
    if card.study is None:
        return []
    rows = [
        [
            told.by_words(row.by),
            printable(row.name),
            number(row.customers),
            told.gap_range(row.value),
            told.gap_range(row.buyers),
            told.measured(row.high_tier_predicted, "share", card.run.currency),
            told.measured(row.high_tier_actual, "share", card.run.currency),
            told.measured(row.wape, "wape", card.run.currency),
            told.STANDING_WORDS[row.standing],
        ]
        for row in card.study.fairness.groups
    ]
    head = ["By", "Group", "Customers", "Value", "Buyers", "In the high tier", "Would be", "WAPE", "Verdict"]
    how = (
        "Value and buyers: predicted over actual, against the same of all other customers; 0 means alike, in brackets the 95 % "
        "interval. Told, not judged: the share in the high tier, the share that what came would put there, and the error."
    )
    return _section("Whom it serves", [told.fairness_sentence(card), how if rows else "", _table(head, rows)])


def _chances(card: ModelCard) -> list[str]:
    part = card.study.calibration if card.study else None
    if part is None:
        return []
    rows = [
        [number(row.rows), share(row.predicted, 1), told.measured(row.actual, "share", card.run.currency)]
        for row in part.table
    ]
    table = _table(["Customers", "Said to buy", "Bought"], rows)
    return _section("Chances of a purchase", [told.calibration_sentence(card), table])


def _coverage(card: ModelCard) -> list[str]:
    rows = [
        [
            printable(row.label),
            number(row.customers),
            share(row.nominal),
            told.coverage_words(row),
            share(row.smoothed),
        ]
        for row in card.coverage
    ]
    return [_table(["Customers", "How many", "Promised", "Measured", "Zeros counted fairly"], rows)]


def _refused(card: ModelCard) -> list[str]:
    return [_bullets(f"{row.title}: {row.reason}" for row in card.gate.refused)]


def _drivers(card: ModelCard) -> list[str]:
    if card.study is None or not card.study.drivers:
        return []
    rows = [[printable(row.feature), share(row.change)] for row in card.study.drivers]
    how = (
        "How far expected values move when an input is shuffled among customers. Inputs that say much the same share their "
        "weight, and what drives a value need not cause it."
    )
    return _section("What the values depend on", [how, _table(["Input", "Mean change"], rows)])


def _provenance(card: ModelCard) -> list[str]:
    p = card.provenance
    told_settings = [f"{name} = {value}" for name, value in p.settings.items()]
    hashes = [f"data {p.data_hash}", f"scores {p.score_digest}"] if p.score_digest else [f"data {p.data_hash}"]
    return [f"Patron {p.code_version}, seed {p.seed}", *told_settings, *hashes]


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {printable(line)}" for line in lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {sentence(printable(line))}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
