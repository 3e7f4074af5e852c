"""What the forecast by month says, in sentences."""

from __future__ import annotations

from patron.reports.evidence import ForecastEvidence, MonthAhead
from patron.reports.wording import count, money, money_range, rounding_step, share

WIDE_GAP = 0.15


def finding(forecast: ForecastEvidence, currency: str) -> str:
    """The whole of the months ahead in one line."""
    months = forecast.months
    total = sum(month.expected for month in months)
    reach = sum(month.high - month.low for month in months if month.low is not None and month.high is not None)
    step = rounding_step(total - reach / 2, total + reach / 2) if reach else rounding_step(0.9 * total, 1.1 * total)
    when = f"in {months[0].month}" if len(months) == 1 else f"from {months[0].month} to {months[-1].month}"
    known = months[0].so_far
    begun = f", of which {money(known, currency, step)} is in already" if known else ""
    return f"{money(total, currency, step)} is expected {when}{begun}"


def how(forecast: ForecastEvidence) -> str:
    """How the forecast was made, and what its bounds rest on."""
    up = share(forecast.weight_bottom_up)
    made = (
        "Two views are reconciled: what today's customers, those to come and unnamed sales add up to (weight "
        f"{up}), and the monthly series carried on by {forecast.series_model}."
    )
    if not forecast.origins:
        return f"{made} No earlier forecast could be checked, so there are no bounds."
    return f"{made} The bounds come from the same forecast made on {count(forecast.origins, 'earlier day')}."


def gap(forecast: ForecastEvidence, currency: str) -> str:
    """How far the two views lie apart."""
    up = sum(month.bottom_up for month in forecast.months)
    down = sum(month.top_down for month in forecast.months)
    usual = (abs(up) + abs(down)) / 2
    if usual <= 0:
        return ""
    off = (up - down) / usual
    if abs(off) < 0.01:
        return "The two agree."
    words = f"The customers' view lies {share(abs(off))} {'above' if off > 0 else 'below'} the series"
    step = rounding_step(0.9 * usual, 1.1 * usual)
    if abs(off) < WIDE_GAP:
        return f"{words} ({money(abs(up - down), currency, step)} in all)."
    return f"{words} ({money(abs(up - down), currency, step)} in all): ask which of them knows something that the other does not."


def bounds(month: MonthAhead, currency: str) -> str:
    """The interval of one month, or that there is none."""
    if month.low is None or month.high is None:
        return "unknown"
    return money_range(month.low, month.high, currency)


def cohort_sentence(forecast: ForecastEvidence, currency: str) -> str:
    """How much of it comes from customers who are still to come."""
    total = sum(cohort.expected for cohort in forecast.cohorts)
    coming = next((cohort for cohort in forecast.cohorts if cohort.label == "to come"), None)
    if total <= 0 or coming is None:
        return ""
    step = rounding_step(0.9 * coming.expected, 1.1 * coming.expected)
    return (
        f"From here on, customers who are not here yet are expected to bring {money(coming.expected, currency, step)}, "
        f"{share(coming.expected / total)} of what customers bring; the rest comes from those of today."
    )
