"""What a release says of engagement, alerts, value at risk and rising customers, in sentences; always beside what was measured."""

from __future__ import annotations

from typing import Final

from patron.reports.segment_answers import AlertRow, Behaviour, ListRow, LossTest, RisingTest
from patron.reports.segment_tables import Engagement, WatchedRow
from patron.reports.story import Level, Verdict
from patron.reports.wording import count, estimate, share
from patron.segments.behaviour.at_risk import DAYS, hardly_left

URGENT: Final = "act now"
LEVELS: Final = (URGENT, "watch", "calm")
ALL_SAVABLE: Final = (
    "The purchase model sees hardly anybody leave, so nearly all that is at risk counts as still to be saved."
)
# How much more often alerted customers fell off than all did: good from, fair above. Conventions, not laws.
LIFT_BOUNDS: Final = (1.5, 1.0)
_ALIKE: Final = 0.1


def engagement_finding(engagement: Engagement) -> str:
    """How engaged the middle customer is, and how many are not at all."""
    customers, quarter = sum(engagement.bins), len(engagement.bins) // 4
    low = sum(engagement.bins[:quarter])
    return f"Half of customers score above {engagement.median:.0f} of 100; {share(low / customers)} score below 25"


def engagement_sentence(behaviour: Behaviour) -> str:
    """What engagement said of the past."""
    rank = behaviour.measured.engagement_rank if behaviour.measured else None
    if rank is None:
        return "Whether engagement goes with buying could not be measured."
    return f"On the past day its rank correlation with buying afterwards was {rank:.2f}, where 0 is chance."


def alerts_finding(behaviour: Behaviour) -> str:
    """Whether alerts find those who fall off."""
    urgent = (behaviour.alerts or {}).get(URGENT, 0)
    row = behaviour.measured.alert(URGENT) if behaviour.measured else None
    who = f"{count(urgent, 'customer')} to act on now"
    if row is not None and not (behaviour.alerts or {}).keys() - {"calm"}:
        return "Nobody is alerted: on the past day, those alerted fell off no oftener than everybody"
    if row is None:
        return f"{who}; how often such alerts are right has not been measured"
    return f"{who}: {share(row.precision)} of such alerts were right, where {share(row.base_rate)} of all fell off"


def alert_sentence(row: AlertRow) -> str:
    """How one level did on the past day."""
    if row.base_rate <= 0:
        return "nobody fell off"
    lift = row.precision / row.base_rate
    if row.level == "calm":
        return f"{share(row.precision)} fell off all the same"
    return f"{lift:.1f} times the base rate" if lift > 1 else "no better than chance"


def alert_verdict(behaviour: Behaviour | None) -> Verdict | None:
    """Whether alerts can be trusted, for the front of the report; None where it was not measured."""
    row = behaviour.measured.alert(URGENT) if behaviour and behaviour.measured else None
    if row is None or row.base_rate <= 0:
        return None
    lift = row.precision / row.base_rate
    level: Level = "good" if lift >= LIFT_BOUNDS[0] else "fair" if lift > LIFT_BOUNDS[1] else "poor"
    why = f"{share(row.precision)} of customers to act on then fell off, against {share(row.base_rate)} of all."
    return Verdict("Do alerts find who falls off?", level, level.capitalize(), why)


def at_risk_finding(behaviour: Behaviour, currency: str) -> str:
    """How much may be lost."""
    if behaviour.usual_value <= 0:
        return "Nothing was brought lately, so nothing can be lost"
    part = behaviour.value_at_risk / behaviour.usual_value
    return (
        f"{estimate(behaviour.value_at_risk, currency, 2)} is at risk: {share(part)} of what {DAYS} days usually bring"
    )


def at_risk_sentence(behaviour: Behaviour, currency: str) -> str:
    """The tail, and what can be saved."""
    tail = f"One time in twenty more than {estimate(behaviour.value_at_risk_tail, currency)} is lost"
    if hardly_left(behaviour.value_at_risk, behaviour.savable_value):
        return f"{tail}. {ALL_SAVABLE}"
    saved = estimate(behaviour.savable_value, currency)
    return f"{tail}; customers who are still there to be saved hold {saved} of the risk."


def loss_sentence(test: LossTest, currency: str) -> str:
    """How the loss expected on the past day compares with the one that came."""
    within = f" in the {test.days} days after" if test.days else ""
    said = f"On the past day {estimate(test.expected, currency)} was expected to be lost{within}, and {estimate(test.came, currency)} was"
    if test.came > test.tail:
        off = test.came / test.expected if test.expected > 0 else 0.0
        much = f"{off:.1f} times as much, and " if off >= 1.5 else ""
        return f"{said}: {much}more than the figure of one time in twenty ({estimate(test.tail, currency)}). Take today's figure as too low."
    if test.expected > 0 and abs(test.came / test.expected - 1) < _ALIKE:
        return f"{said}."
    way = "more" if test.came > test.expected else "less"
    return f"{said}: {way} than expected, within the figure of one time in twenty."


def days_sentence(days: int) -> str:
    """Over how many days losses were measured, where that is not what is told; empty where it is, or is not known."""
    if not 0 < days < DAYS:
        return ""
    return (
        f"No more than these {count(days, 'day')} could be measured, the horizon; {DAYS} days are told in proportion."
    )


def list_sentence(row: ListRow | None, beats: bool | None, currency: str) -> str:
    """How the list of those with most to save did beside RFM's."""
    if row is None:
        return "No such list could be tried on the past."
    verdict = "beats RFM" if beats else "does not beat RFM"
    return (
        f"Such a list of {row.customers:,} {verdict}: its customers lost {estimate(row.value, currency)} each, those of RFM's "
        f"At Risk and Cannot Lose {estimate(row.by_rfm, currency)}, all {estimate(row.by_chance, currency)}, and the best "
        f"list possible {estimate(row.best, currency)}."
    )


def rising_finding(rising: int) -> str:
    """How many are rising."""
    if not rising:
        return "Nobody is rising"
    return f"{count(rising, 'customer')} {'is' if rising == 1 else 'are'} rising: little brought so far, much expected"


def rising_sentence(test: RisingTest | None, currency: str) -> str:
    """How the list of the rising did beside RFM's."""
    if test is None:
        return "Whether such lists are right could not be tried on the past."
    verdict, value = "beats RFM" if test.beats_rfm else "does not beat RFM", test.value
    told = (
        f"Such a list of {value.customers:,} {verdict}: its customers then brought {estimate(value.value, currency)} each, as "
        f"many by RFM scores {estimate(value.by_rfm, currency)}, all below the high tier {estimate(value.by_chance, currency)}"
    )
    if test.gain is None:
        return f"{told}."
    return f"{told}. More than before: {estimate(test.gain.value, currency)} each, against {estimate(test.gain.by_rfm, currency)} by RFM."


def because(row: WatchedRow) -> str:
    """Why a customer is on the list."""
    if row.because or row.usual_value <= 0:
        return row.because
    return f"No alert, yet {share(row.value_at_risk / row.usual_value)} of the usual value may well be missing."


def behaviour_line(behaviour: Behaviour, currency: str) -> str:
    """Alerts and value at risk in one line for the terminal."""
    return f"Alerts: {alerts_finding(behaviour)}; {at_risk_finding(behaviour, currency)}."
