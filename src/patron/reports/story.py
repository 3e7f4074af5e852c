"""What a release says, in sentences: the headline, the findings, and the verdicts on its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from patron.reports.answers import LOWER_IS_BETTER, Answers
from patron.reports.evidence import LeaderboardRow, Metric
from patron.reports.wording import (
    count,
    estimate,
    in_words,
    listed,
    money,
    money_range,
    number,
    period,
    rounding_step,
    sentence,
    share,
    signed_share,
)

Level = Literal["good", "fair", "poor", "untested"]

METRIC_NAMES: Final[dict[Metric, str]] = {
    "wape": "WAPE",
    "mae": "mean absolute error",
    "rmse": "RMSE",
    "gini": "normalised Gini",
    "spearman": "rank correlation",
}
FEW_CUSTOMERS: Final = 10
# Good and fair at most (bias, coverage gap, quarantine) or at least (ranking). Conventions, not laws: the bias
# bound is the gate's default and half of it; coverage is judged in points of a promised 80%.
BIAS_BOUNDS: Final = (0.10, 0.25)
COVERAGE_BOUNDS: Final = (0.05, 0.10)
RANKING_BOUNDS: Final = (0.5, 0.25)
QUARANTINE_BOUNDS: Final = (0.01, 0.05)


@dataclass(frozen=True)
class Verdict:
    """One question a careful reader asks, its answer in a word, and the figure behind it."""

    question: str
    level: Level
    word: str
    why: str


def headline(answers: Answers) -> str:
    """What the customers will be worth, in one sentence."""
    total, run = answers.evidence.total, answers.evidence.run
    who = count(answers.totals.customers, "customer")
    when = f"in the next {period(run.horizon_days)}"
    one = answers.totals.customers == 1
    if answers.totals.customers == 0:
        return "There are no customers to value"
    amount = money(abs(total.expected), answers.currency, rounding_step(total.low, total.high))
    if total.expected < 0:
        return f"{who} {'is' if one else 'are'} expected to take back {amount} more than {'it brings' if one else 'they bring'} {when}"
    if total.expected == 0:
        return f"{who} {'is' if one else 'are'} expected to bring nothing {when}"
    return f"{who} {'is' if one else 'are'} expected to bring {amount} {when}"


def interval_sentence(answers: Answers) -> str:
    """Where the total should fall."""
    total = answers.evidence.total
    if answers.totals.customers == 0:
        return ""
    if not answers.tested:
        return "How far off that may be is not known: nothing could be tested on the past."
    if total.high <= total.low:
        return "There is no interval around this total."
    return f"Four times in five, the total should fall between {money_range(total.low, total.high, answers.currency).replace(' to ', ' and ')}."


def concentration_sentence(answers: Answers) -> str:
    """Who brings the value."""
    top = answers.lorenz.top_20_share
    if top is None:
        return "" if answers.totals.customers == 0 else "No customer is expected to bring a positive value."
    if answers.totals.customers == 1:
        return ""
    if answers.totals.customers < FEW_CUSTOMERS:
        positive = sum(max(band.value, 0.0) for band in answers.bands)
        return f"The most valuable customer brings {share(answers.top[0].expected_value / positive)} of {'the value' if answers.totals.below_zero == 0 else 'the positive value'}."
    return f"The most valuable 20% of customers bring {share(top)} of it{_leading_names(answers)}."


def _leading_names(answers: Answers) -> str:
    """The RFM names that together bring more than half of the value, if at most three do."""
    held, names = 0.0, []
    for row in sorted(answers.rfm, key=lambda row: -row.value)[:3]:
        held += row.value_share or 0.0
        names.append(row.name)
        if held > 0.5:
            return f"; {share(held)} comes from {listed(names)}"
    return ""


def gate_sentence(answers: Answers) -> str:
    """Whether the model won, against what, and which one that scored better was refused for its total."""
    refused = _better_but_biased(answers)
    told = _gate_sentence(answers, refused)
    return f"{told} {_refused_for_bias(answers, refused)}" if refused else told


def _gate_sentence(answers: Answers, refused: LeaderboardRow | None) -> str:
    gate, title = answers.evidence.gate, answers.evidence.gate.champion_title
    if not answers.tested:
        return f"The values come from {title}, and are untested: no backtest of this horizon was possible."
    if not gate.passed and refused:
        return f"No model passed, so the values come from a plain baseline, {title}{_against(answers)}."
    if not gate.passed:
        return f"No model beat the plain baselines, so the values come from the best of those, {title}{_against(answers, 'beaten')}."
    return f"{title} makes these values: it beat every plain baseline out of time{_against(answers, 'baseline')}."


def _better_but_biased(answers: Answers) -> LeaderboardRow | None:
    """The best of those that scored better than whose values are published, and whose totals were too far off to be."""
    gate, own, best = answers.evidence.gate, answers.champion_row, None
    if own is None or gate.max_bias is None or getattr(own, gate.metric) is None:
        return None
    sign = 1 if LOWER_IS_BETTER[gate.metric] else -1
    least = sign * float(getattr(own, gate.metric))
    for row in gate.leaderboard:
        score = getattr(row, gate.metric)
        if score is not None and sign * score < least and abs(row.bias or 0.0) > gate.max_bias:
            best, least = row, sign * score
    return best


def _refused_for_bias(answers: Answers, row: LeaderboardRow) -> str:
    gate, bias = answers.evidence.gate, row.bias or 0.0
    off = f"{share(abs(bias))} too {'high' if bias > 0 else 'low'}"
    return (
        f"{row.title} scored better ({METRIC_NAMES[gate.metric]} {_figure(answers, row)}), but was refused: its predicted total "
        f"was {off}, and at most {share(gate.max_bias)} is allowed."
    )


def _against(answers: Answers, *statuses: str) -> str:
    """The champion's figure in brackets, beside the best one of these statuses."""
    own, other = answers.champion_row, answers.best_of(*statuses)
    metric = answers.evidence.gate.metric
    if own is None or getattr(own, metric) is None or (statuses and other is None):
        return ""
    rival = f" against {_figure(answers, other)} for {other.title}" if other else ""
    return f" ({METRIC_NAMES[metric]} {_figure(answers, own)}{rival})"


def _figure(answers: Answers, row: LeaderboardRow) -> str:
    return metric_figure(answers.evidence.gate.metric, getattr(row, answers.evidence.gate.metric), answers.currency)


def metric_figure(metric: str, value: float | None, currency: str) -> str:
    """A backtest figure in its own unit: money, percentage or plain number."""
    if value is None:
        return number(None)
    if metric in {"mae", "rmse"}:
        return money(value, currency, 1.0 if abs(value) >= 100 else 0.01)
    if metric in {"gini", "spearman"}:
        return number(value, 2)
    return signed_share(value) if metric == "bias" else share(value)


def horizon_sentence(answers: Answers) -> str:
    """A warning where the horizon is longer than history can test; otherwise nothing."""
    run = answers.evidence.run
    if run.provable:
        return ""
    return (
        f"Extrapolated: {count(run.history_days, 'day')} of history cannot test a horizon of "
        f"{count(run.horizon_days, 'day')}, so nobody knows yet how good these values are."
    )


def tier_finding(answers: Answers) -> str:
    """What the value tiers show."""
    high = next(row for row in answers.tiers if row.tier == "high")
    if high.customers == 0:
        return "No customer stands out"
    who = f"{'One customer makes' if high.customers == 1 else f'{high.customers:,} customers make'} the high tier"
    if high.value_share is None:
        return who
    return f"{who} and {'brings' if high.customers == 1 else 'bring'} {share(high.value_share)} of the value"


def distribution_finding(answers: Answers) -> str:
    """What the value distribution shows: where most customers are, and who is expected to bring nothing."""
    customers, worthless = answers.totals.customers, answers.totals.customers - answers.totals.with_value
    if customers == worthless:
        return "No customer is expected to bring anything"
    if 2 * worthless >= customers:
        return f"{share(worthless / customers)} of customers are expected to bring nothing{' or less' if answers.totals.below_zero else ''}"
    return f"A customer is worth {estimate(answers.totals.value / customers, answers.currency, 2)} on average"


def concentration_finding(answers: Answers) -> str:
    """What the Lorenz curve shows."""
    top = answers.lorenz.top_20_share
    if top is not None and answers.totals.customers < FEW_CUSTOMERS:
        return "Too few customers for a curve"
    return "There is no value to share" if top is None else f"The top 20% bring {share(top)}"


def rfm_finding(answers: Answers) -> str:
    """What the RFM names show: how much historic value is slipping away."""
    slipping = [row for row in answers.rfm if row.standing == "slipping"]
    members = sum(row.customers for row in slipping)
    history = sum(max(row.historic_value, 0.0) for row in answers.rfm)
    if members == 0 or history <= 0:
        return "Eleven names for how customers stand"
    part = sum(max(row.historic_value, 0.0) for row in slipping) / history
    verb = "is" if members == 1 else "are"
    return f"{count(members, 'customer')} who brought {share(part)} of past value {verb} slipping away"


def decile_finding(answers: Answers) -> str:
    """What predicted against actual shows."""
    rows = sorted(answers.evidence.deciles, key=lambda row: -row.predicted_mean)
    predicted, actual = sum(r.predicted_total for r in rows), sum(r.actual_total for r in rows)
    if actual <= 0:
        return "Predicted against what happened"
    off = predicted / actual - 1
    if abs(off) < 0.005:
        return "In the newest fold the predicted total met what happened"
    return (
        f"In the newest fold the predicted total was {share(abs(off))} {'above' if off > 0 else 'below'} what happened"
    )


def coverage_finding(answers: Answers) -> str:
    """What the coverage of the intervals shows."""
    overall = answers.evidence.coverage.overall
    if overall is None or overall.measured is None:
        return "The intervals have not been measured"
    return f"{share(overall.measured)} of actual values fell inside their {share(overall.nominal)} interval"


def intake_finding(answers: Answers) -> str:
    """What became of the rows."""
    run = answers.evidence.run
    if run.quarantined == 0:
        return f"All {run.rows_in:,} rows could be believed" if run.duplicate == 0 else "No row had to be set aside"
    return f"{count(run.quarantined, 'row')} of {run.rows_in:,} could not be believed"


def verdicts(answers: Answers) -> tuple[Verdict, ...]:
    """The five questions a careful reader asks before using these values."""
    return (
        _baseline_verdict(answers),
        _bias_verdict(answers),
        _ranking_verdict(answers),
        _coverage_verdict(answers),
        _data_verdict(answers),
    )


def _baseline_verdict(answers: Answers) -> Verdict:
    question = "Does the model beat plain baselines?"
    if not answers.tested:
        return Verdict(question, "untested", "Untested", "No backtest was possible.")
    folds = count(len(answers.evidence.gate.folds), "rolling cutoff")
    if answers.evidence.gate.passed:
        return Verdict(question, "good", "Yes", f"It won out of time over {folds}.")
    return Verdict(question, "fair", "No", f"A plain baseline did best over {folds}, and is used.")


def _bias_verdict(answers: Answers) -> Verdict:
    question, row = "Is the total right?", answers.champion_row
    if row is None or row.bias is None:
        return _untested(question)
    level = _at_most(abs(row.bias), BIAS_BOUNDS)
    return Verdict(
        question, level, level.capitalize(), f"In the backtest the predicted total was {_too_far(row.bias)}."
    )


def _ranking_verdict(answers: Answers) -> Verdict:
    question, row = "Does it find the best customers?", answers.champion_row
    if row is None or row.gini is None:
        return _untested(question)
    level: Level = "good" if row.gini >= RANKING_BOUNDS[0] else "fair" if row.gini >= RANKING_BOUNDS[1] else "poor"
    captured = f"; its top 20% held {share(row.capture_20)} of actual value" if row.capture_20 is not None else ""
    return Verdict(
        question, level, level.capitalize(), f"Normalised Gini {row.gini:.2f}, where 1 is a perfect order{captured}."
    )


def _coverage_verdict(answers: Answers) -> Verdict:
    question, overall = "Can the intervals be trusted?", answers.evidence.coverage.overall
    if overall is None or overall.measured is None:
        return _untested(question)
    level = _at_most(abs(overall.measured - overall.nominal), COVERAGE_BOUNDS)
    why = f"{share(overall.measured)} of actual values fell inside; {share(overall.nominal)} were promised."
    return Verdict(question, level, level.capitalize(), why)


def _data_verdict(answers: Answers) -> Verdict:
    run = answers.evidence.run
    part = run.quarantined / run.rows_in if run.rows_in else 0.0
    level = _at_most(part, QUARANTINE_BOUNDS)
    why = f"{run.quarantined:,} of {count(run.rows_in, 'row')} set aside ({share(part, 2) if part else 'none'})."
    return Verdict("Can the data be believed?", level, level.capitalize(), why)


def _too_far(bias: float) -> str:
    return "right" if abs(bias) < 0.005 else f"{share(abs(bias))} too {'high' if bias > 0 else 'low'}"


def _untested(question: str) -> Verdict:
    return Verdict(question, "untested", "Untested", "No backtest has measured it.")


def _at_most(figure: float, bounds: tuple[float, float]) -> Level:
    return "good" if figure <= bounds[0] else "fair" if figure <= bounds[1] else "poor"


def refusal(title: str, reason: str) -> str:
    """Why a model was not allowed to compete."""
    why = sentence(reason)
    return f"{title} was refused: {why[:1].lower() + why[1:]}" if why else f"{title} was refused."


def finding_name(code: str) -> str:
    """A reason or flag in words, with a capital."""
    words = in_words(code)
    return words[:1].upper() + words[1:]
