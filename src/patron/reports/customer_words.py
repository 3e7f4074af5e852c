"""What a release says of one customer, in words: sections of labelled lines, the same in the terminal and a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from textwrap import wrap
from typing import Any, Final

from patron.reports.bridge_words import bridge_sentence
from patron.reports.customer_facts import Change, CustomerFacts
from patron.reports.segment_lists import VIEW_TITLES
from patron.reports.wording import (
    day,
    estimate,
    in_words,
    money,
    money_range,
    number,
    period,
    printable,
    rounding_step,
    sentence,
    share,
    short_day,
)
from patron.scores.amounts import in_words as amount_in_words
from patron.segments.behaviour.at_risk import DAYS as RISK_DAYS
from patron.segments.behaviour.at_risk import hardly_left

WIDTH: Final = 100
LABEL_WIDTH: Final = 12
PARTS_OF_ENGAGEMENT: Final = ("recency", "frequency", "value", "trend", "variety", "response")
Line = tuple[str, str]
Row = Mapping[str, Any]  # Any: a row of a table


@dataclass(frozen=True)
class Told:
    """A section: its title, and its lines, each a label (or none) and what is said."""

    title: str
    lines: tuple[Line, ...]


def customer_sections(facts: CustomerFacts) -> tuple[Told, ...]:
    """All that is told of a customer; a section with nothing to say is left out."""
    sections = (
        Told(f"Customer {printable(facts.customer_id)} on {day(facts.as_of)}", tuple(_worth(facts))),
        Told("What people set by hand", tuple(_set_by_hand(facts))),
        Told("Where they belong", tuple(_groups(facts))),
        Told("Where they are heading", tuple(_heading(facts.segments, facts.horizon_days))),
        Told("How they behave", tuple(_behaviour(facts)) if facts.behaviour else ()),
        Told("What makes up the value", tuple(_drivers(facts))),
        Told("What would lift them", tuple(_lift(facts))),
        Told(_since(facts.change), tuple(_changes(facts))),
    )
    return tuple(section for section in sections if section.lines)


def customer_text(sections: tuple[Told, ...]) -> str:
    """The sections as plain text, no line longer than 100 signs."""
    blocks = []
    for section in sections:
        lines = [section.title, "─" * len(section.title)]
        for label, words in section.lines:
            margin = f"{label:<{LABEL_WIDTH}} " if label else ""
            lines += wrap(words, WIDTH, initial_indent=margin, subsequent_indent=" " * len(margin) or "  ")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _set_by_hand(facts: CustomerFacts) -> Iterator[Line]:
    for one in facts.overrides:
        label = "Tier" if one.field == "tier" else "Value"
        now, before = (
            value if isinstance(value, str) else estimate(value, facts.currency) for value in (one.value, one.published)
        )
        words = f"{now} instead of {before}, by {one.by} until {day(date.fromisoformat(one.until[:10]))}: {one.because}"
        yield label, printable(words)


def _worth(facts: CustomerFacts) -> Iterator[Line]:
    row, currency = facts.scores, facts.currency
    low, high = float(row["value_low"]), float(row["value_high"])
    expected = money(float(row["expected_value"]), currency, rounding_step(low, high))
    ahead = period(facts.horizon_days)
    if any(one.field == "expected_value" for one in facts.overrides):
        yield "Value", f"{expected}, set by hand; the model is 80% sure of {money_range(low, high, currency)}"
    else:
        yield "Value", f"{expected} expected in the {ahead} ahead; 80% sure: {money_range(low, high, currency)}"
    yield (
        "Orders",
        f"{number(row['expected_orders'], 1)} expected; {share(row['probability_no_purchase'])} chance of none; "
        f"{_next_purchase(row.get('next_purchase_from'), row.get('next_purchase_to'))}",
    )
    yield (
        "So far",
        f"{estimate(row['historic_value'], currency)}, and {estimate(row['total_value'], currency)} with that",
    )
    yield "Confidence", f"{row['confidence']}; valued by {row['model']} in release {facts.release}"


def _next_purchase(start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return "when the next comes cannot be told"
    return f"the next, if it comes, between {short_day(start)} and {short_day(end)}"


def _groups(facts: CustomerFacts) -> Iterator[Line]:
    row = facts.segments
    if not row:
        return
    scores = ", ".join(
        f"{word} {row[f'{name}_score']}"
        for word, name in (("recency", "recency"), ("orders", "frequency"), ("money", "monetary"))
    )
    yield VIEW_TITLES["tier"], str(row["tier"])
    yield VIEW_TITLES["rfm_segment"], f"{row['rfm_segment']} ({scores} of 5)"
    yield from ((VIEW_TITLES[view], printable(str(row[view]))) for view in ("lifecycle",) if row.get(view))
    if facts.cluster:
        yield VIEW_TITLES["cluster"], printable(str(facts.cluster).replace("\n", " "))
    yield from ((VIEW_TITLES[view], printable(str(row[view]))) for view in ("seasonal_type", "place") if row.get(view))
    if facts.rules:
        yield VIEW_TITLES["rule"], printable(", ".join(facts.rules))


def _heading(row: Row, horizon_days: int) -> Iterator[Line]:
    if not row.get("next_tier"):
        return
    yield (
        "Value tier",
        f"{row['brought_tier']} by what the last {period(horizon_days)} brought → {row['next_tier']} over the next"
        f"{_sure(row['next_tier_chance'])}: {row['tier_outlook']}",
    )
    yield "RFM", f"{row['rfm_segment']} → {row['next_rfm_segment']}{_sure(row['next_rfm_chance'])}"


def _sure(chance: float | None) -> str:
    """How sure it is; no chance is told where nothing foretells better than that customers stay where they are."""
    return " (taken to stay: nothing foretold it better)" if chance is None else f" ({share(chance)} chance)"


def _behaviour(facts: CustomerFacts) -> Iterator[Line]:
    row, currency = facts.behaviour, facts.currency
    parts = [
        f"{part} {number(row[f'engagement_{part}'], 1)} of {number(facts.engagement_points.get(part), 1)}"
        for part in PARTS_OF_ENGAGEMENT
        if row.get(f"engagement_{part}") is not None
    ]
    yield "Engagement", f"{number(row['engagement'])} of 100: {', '.join(parts)}"
    chance = row.get("alert_chance")
    danger = f"; {share(chance)} chance of bringing less than half as much" if chance is not None else ""
    yield "Alert", " ".join(filter(None, (sentence(f"{row['alert']}{danger}"), row.get("alert_because"))))
    if row["rising"]:
        yield (
            "Rising",
            f"{estimate(row['potential'], currency)} more expected than the last {period(facts.horizon_days)} brought",
        )
    if not row["usual_value"]:
        yield "At risk", f"nothing: the last {period(facts.horizon_days)} brought nothing to lose"
        return
    saved = f"{estimate(row['savable_value'], currency)} of it can still be saved"
    if hardly_left(row["value_at_risk"], row["savable_value"]):
        saved = "nearly all of it can still be saved, since the chance that they have left is put at under 1%"
    yield (
        "At risk",
        f"{estimate(row['value_at_risk'], currency)} of the {estimate(row['usual_value'], currency)} that {RISK_DAYS} days "
        f"usually bring, in one case of twenty over {estimate(row['value_at_risk_tail'], currency)}; {saved}",
    )


def _drivers(facts: CustomerFacts) -> Iterator[Line]:
    yield from (("", words) for words in facts.not_told)
    if facts.explanation:
        told = facts.explanation.sentences(facts.currency)
        yield from (("", printable(words)) for words in told[1:])
        yield "", f"= {amount_in_words(facts.explanation.score, facts.currency)}: what is expected"


def _lift(facts: CustomerFacts) -> Iterator[Line]:
    if facts.ahead:
        yield "", printable(facts.ahead.sentence)


def _since(change: Change | None) -> str:
    return f"Since the release of {day(change.previous_as_of)}" if change else "Since the release before"


def _changes(facts: CustomerFacts) -> Iterator[Line]:
    for move in facts.moves:
        words = f"{move['before']} → {move['now']}. {move['because']}"
        yield VIEW_TITLES.get(move["view"], in_words(move["view"])), printable(words)
    change = facts.change
    if change:
        who = f"Customer {printable(facts.customer_id)}"
        told = (change.sums, facts.currency, change.previous_as_of, facts.as_of)
        yield "Value", bridge_sentence(*told, who=who, undivided=change.undivided)
