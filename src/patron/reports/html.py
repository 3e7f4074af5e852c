"""The report: one HTML file with everything inside it, which opens without network and prints well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, groupby
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from patron.releases.stale import read_stale
from patron.reports import (
    behaviour_story,
    bridge_story,
    card_charts,
    card_story,
    charts,
    cluster_charts,
    forecast_story,
    segment_story,
    story,
    wording,
)
from patron.reports.answers import Answers, read_answers
from patron.reports.forecast_chart import forecast_chart
from patron.reports.glossary import GLOSSARY
from patron.reports.group_totals import group_totals
from patron.reports.migration_matrix import Matrix, migration_matrix
from patron.reports.model_card import ModelCard, ModelResult, SliceRow
from patron.reports.pages import page_templates
from patron.reports.questions import CustomerRow
from patron.reports.segment_figures import SEGMENT_FIGURES, segment_figures

HALF, FULL, NARROW = 500.0, 1040.0, 340.0
FIGURES = (
    "total",
    "distribution",
    "lorenz",
    "tiers",
    "rfm",
    "deciles",
    "coverage",
    "months",
    "forecast",
    "value_drivers",
)
CARD_FIGURES = ("models", "reliability", "slices_one", "slices_two", "fairness", "drivers")
Draw = Callable[[float, str], Markup]


def render_report(release: Path) -> str:
    """The whole report on a release, as the text of one HTML file."""
    answers = read_answers(release)
    total = answers.evidence.total
    stale = read_stale(release.parent)
    return (
        _environment()
        .get_template("report.html")
        .render(
            a=answers,
            run=answers.evidence.run,
            gate=answers.evidence.gate,
            story=story,
            ahead=forecast_story,
            groups=group_totals(answers.evidence.groups),
            told=card_story,
            champion=_champion(answers),
            seg=segment_story,
            act=behaviour_story,
            why=bridge_story,
            maps=cluster_charts,
            matrices=_matrices(answers),
            figures=_figures(answers) | _segment_figures(answers) | _card_figures(answers.card),
            marks=[_mark(row, answers) for row in answers.top],
            verdicts=_verdicts(answers),
            glossary=GLOSSARY,
            stale=stale if stale and stale.release == release.name else None,
            warranted=wording.figures_warranted(total.expected, total.low, total.high),
        )
    )


@cache
def _environment() -> Environment:
    """The templates with the filters of ``wording``."""
    environment = page_templates()
    environment.filters.update(
        share=wording.share,
        signed_share=wording.signed_share,
        number=wording.number,
        money=wording.money,
        exact_money=wording.exact_money,
        short_money=wording.short_money,
        count=wording.count,
        day=wording.day,
        short_day=wording.short_day,
        printable=wording.printable,
        sentence=wording.sentence,
        finding_name=story.finding_name,
        metric_figure=_metric_figure,
        estimate=wording.estimate,
        capfirst=_with_capital,
    )
    environment.globals.update(
        step=wording.rounding_step,
        span=wording.span,
        money_range=wording.money_range,
        tenth=wording.tenth,
        band_label=charts.band_label,
        metric_names=story.METRIC_NAMES,
        refusal=story.refusal,
    )
    return environment


def _metric_figure(value: float | None, metric: str, currency: str) -> str:
    return story.metric_figure(metric, value, currency)


def _with_capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _matrices(answers: Answers) -> dict[str, Matrix]:
    flows = segment_story.in_order(answers.grouping.flows or {})
    return {view: migration_matrix(view, told) for view, told in flows.items() if told}


def _verdicts(answers: Answers) -> tuple[story.Verdict, ...]:
    """What the first page answers: five questions about the values, what the card adds, and whether alerts hold."""
    alerts = behaviour_story.alert_verdict(answers.segmentation.behaviour)
    return (*story.verdicts(answers), *card_story.front_verdicts(answers.card), *((alerts,) if alerts else ()))


def _champion(answers: Answers) -> ModelResult | None:
    study = answers.card.study if answers.card else None
    return study.result(answers.evidence.gate.champion) if study else None


def _segment_figures(answers: Answers) -> dict[str, Markup]:
    """The pictures of segments, as far as the release tells them."""
    drawn = dict.fromkeys(SEGMENT_FIGURES, Markup())
    for name, (width, draw) in segment_figures(answers).items():
        drawn[name] = _both(draw(width, f"{name}-wide"), draw(NARROW, f"{name}-narrow"))
    return drawn


def _card_figures(card: ModelCard | None) -> dict[str, Markup]:
    """The charts of the model card, as far as there was a backtest to draw."""
    drawn = dict.fromkeys(CARD_FIGURES, Markup())
    if card is None or card.study is None:
        return drawn
    study, currency = card.study, card.run.currency
    one, two = _halves(study.slices)
    draw: dict[str, Draw] = {
        "models": lambda w, n: card_charts.model_chart(study.results, card.gate.metric, currency, w, n),
        "slices_one": lambda w, n: card_charts.slice_chart(one, w, n),
        "slices_two": lambda w, n: card_charts.slice_chart(two, w, n),
    }
    if study.calibration is not None:
        chances = study.calibration
        draw["reliability"] = lambda w, n: card_charts.reliability_chart(chances, w, n)
    if study.fairness.groups:
        part = study.fairness
        draw["fairness"] = lambda w, n: card_charts.fairness_chart(part.groups, part.limit, w, n)
    if study.drivers:
        draw["drivers"] = lambda w, n: card_charts.driver_bars(study.drivers, w, n)
    for name, make in draw.items():
        drawn[name] = _both(make(HALF, f"{name}-wide"), make(NARROW, f"{name}-narrow"))
    return drawn


def _halves(slices: Sequence[SliceRow]) -> tuple[tuple[SliceRow, ...], tuple[SliceRow, ...]]:
    """The slices in two columns of about equal length, no grouping torn."""
    lengths = [len(list(rows)) + 1 for _, rows in groupby(slices, key=lambda row: row.by)]
    ends = list(accumulate(lengths))
    cut = min(range(len(ends)), key=lambda k: abs(ends[k] - ends[-1] / 2), default=0) + 1
    first = sum(lengths[:cut]) - cut
    return tuple(slices[:first]), tuple(slices[first:])


def _figures(answers: Answers) -> dict[str, Markup]:
    """Each chart that this release has something to show for, drawn wide and narrow."""
    evidence, currency = answers.evidence, answers.currency
    drawn = dict.fromkeys(FIGURES, Markup())

    def add(name: str, width: float, draw: Callable[[float, str], Markup]) -> None:
        drawn[name] = _both(draw(width, f"{name}-wide"), draw(NARROW, f"{name}-narrow"))

    if evidence.total.high > evidence.total.low:
        add("total", NARROW, lambda w, n: charts.interval_strip(evidence.total, currency, w, n))
    if answers.bands:
        add("distribution", HALF, lambda w, n: charts.histogram(answers.bands, currency, w, n))
    if answers.lorenz.points and answers.totals.customers >= story.FEW_CUSTOMERS:
        add("lorenz", HALF, lambda w, n: charts.lorenz_curve(answers.lorenz, w, n))
    if answers.totals.customers:
        add("tiers", HALF, lambda w, n: charts.tier_bars(answers.tiers, w, n))
        add("rfm", FULL, lambda w, n: charts.rfm_treemap(answers.rfm, currency, w, 360.0 if w > NARROW else 420.0, n))
    if evidence.deciles:
        add("deciles", HALF, lambda w, n: charts.decile_chart(evidence.deciles, currency, w, n))
    rows = [row for row in (evidence.coverage.overall, *evidence.coverage.bands) if row is not None]
    if rows:
        add("coverage", HALF, lambda w, n: charts.coverage_chart(rows, w, n))
    if len(evidence.monthly_revenue) > 1:
        add("months", FULL, lambda w, n: charts.monthly_line(evidence.monthly_revenue, currency, w, n))
    if evidence.value_drivers:
        add("value_drivers", HALF, lambda w, n: card_charts.value_driver_bars(evidence.value_drivers, w, n))
    ahead = evidence.forecast
    if ahead is not None:
        add("forecast", FULL, lambda w, n: forecast_chart(ahead, currency, w, n))
    return drawn


def _both(wide: Markup, narrow: Markup) -> Markup:
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(wide, narrow)


def _mark(row: CustomerRow, answers: Answers) -> Markup:
    bounds = (min(0.0, *(r.value_low for r in answers.top)), max(r.value_high for r in answers.top))
    hint = f"80% interval: {wording.money_range(row.value_low, row.value_high, answers.currency)}"
    return charts.interval_mark(row.value_low, row.expected_value, row.value_high, bounds, hint)
