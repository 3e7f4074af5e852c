"""The diagnosis: every finding, and what they come to: fits or not, which family of models, which horizon."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from patron.periods import longest_provable_horizon
from patron.quality.doctor.calendar import arrivals, bursts, launch, season
from patron.quality.doctor.cohorts import drift
from patron.quality.doctor.enough import YEAR, customers, history, horizon, repeat_buyers, trade_goes_on
from patron.quality.doctor.finding import Finding
from patron.quality.doctor.money import (
    anonymous,
    concentration,
    giant_orders,
    independence,
    kinds,
    prices,
    refunds,
    spend_tail,
    units,
)
from patron.quality.doctor.portrait import Portrait
from patron.quality.doctor.rhythm import bought_once, dead_tail, regularity, ties

Fit = Literal["fits", "fits with care", "not yet"]
Family = Literal["rules", "survival", "boosting", "pareto_nbd", "bg_nbd"]

FAMILIES: Final[dict[Family, str]] = {
    "rules": "plain rules, such as last year's value",
    "survival": "survival models of how long contracts last (shifted beta-geometric, Cox, Weibull)",
    "boosting": "boosting, with a buy-till-you-die model beside it",
    "pareto_nbd": "Pareto/NBD or MBG/NBD with Gamma-Gamma",
    "bg_nbd": "BG/NBD or Pareto/NBD with Gamma-Gamma",
}
# Names of value models, best first; what is not installed is left out.
_CANDIDATES: Final[dict[Family, tuple[str, ...]]] = {
    "rules": (),
    "survival": ("boosting", "random_forest", "linear"),
    "boosting": ("boosting", "hybrid", "pareto_nbd", "bg_nbd"),
    "pareto_nbd": ("pareto_nbd", "mbg_nbd", "boosting", "hybrid"),
    "bg_nbd": ("bg_nbd", "pareto_nbd", "boosting", "hybrid"),
}
_LEARNT: Final = ("boosting", "hybrid", "random_forest", "linear")
# What breaks an assumption of buy-till-you-die models and can be learnt from examples instead.
_FOR_BOOSTING: Final = (
    "contract", "regularity", "season", "bursts", "launch", "drift", "independence", "prices", "kinds", "refunds",
)  # fmt: skip
_STOPS: Final = {
    "history": "the history is too young",
    "customers": "there are too few customers",
    "repeat_buyers": "too few customers came back",
    "trade": "trade has all but ended, or data are missing",
    "units": "amounts are in two units",
}
FEWEST_TO_LEARN: Final = 1_000


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says: one sentence, the family and horizon it suggests, and every finding."""

    fit: Fit
    sentence: str
    family: Family
    horizon_days: int | None
    settings: tuple[str, ...]
    """Lines for patron.toml."""
    findings: tuple[Finding, ...]

    def finding(self, name: str) -> Finding | None:
        """The finding of this id, if the question was put."""
        return next((finding for finding in self.findings if finding.id == name), None)

    def __str__(self) -> str:
        lines = [self.sentence]
        for finding in self.findings:
            lines.append(f"{finding.verdict:<8} {finding.title}: {finding.headline}")
            if finding.verdict != "good":
                lines += [f"         {words}" for words in (finding.meaning, finding.to_do) if words]
        return "\n".join([*lines, *self.settings])


def diagnose(portrait: Portrait, wanted_horizon_days: int | None, models: Collection[str]) -> Diagnosis:
    """Put every question to the portrait. ``models`` are the value models that may be suggested as candidates."""
    tied = ties(portrait)
    contractual = tied.kind == "contract"
    asked: list[Finding | None] = [
        history(portrait),
        customers(portrait),
        repeat_buyers(portrait, contractual=contractual),
        trade_goes_on(portrait),
        units(portrait),
        tied.finding,
        *([] if contractual else [regularity(portrait), bought_once(portrait)]),
        dead_tail(portrait),
        *([] if contractual else [season(portrait), bursts(portrait)]),
        launch(portrait),
        arrivals(portrait),
        drift(portrait),
        concentration(portrait),
        giant_orders(portrait),
        spend_tail(portrait),
        *([] if contractual else [kinds(portrait), independence(portrait)]),
        prices(portrait),
        refunds(portrait),
        anonymous(portrait),
        horizon(portrait, wanted_horizon_days),
    ]
    findings = tuple(finding for finding in asked if finding is not None)
    return _concluded(portrait, findings, models, contractual=contractual)


def _concluded(
    portrait: Portrait, findings: tuple[Finding, ...], models: Collection[str], *, contractual: bool
) -> Diagnosis:
    stops = [finding for finding in findings if finding.verdict == "stop"]
    cares = [finding for finding in findings if finding.verdict == "warning"]
    fit: Fit = "not yet" if stops else "fits with care" if cares else "fits"
    learns = _enough_to_learn(portrait)
    family = "rules" if stops else _family(findings, contractual=contractual, learns=learns)
    days = None if stops else longest_provable_horizon(portrait.days)
    settings = () if stops else _settings(family, days, models, learns=learns)
    return Diagnosis(fit, _sentence(fit, family, days, stops or cares), family, days, settings, findings)


def _enough_to_learn(portrait: Portrait) -> bool:
    """Whether there is enough for a model that learns from examples: a year, customers and purchases in the thousands."""
    return portrait.days >= YEAR and min(portrait.customers, len(portrait.sample.day)) >= FEWEST_TO_LEARN


def _family(findings: tuple[Finding, ...], *, contractual: bool, learns: bool) -> Family:
    if contractual:
        return "survival"
    if learns and any(finding.verdict == "warning" and finding.id in _FOR_BOOSTING for finding in findings):
        return "boosting"
    once = any(finding.id == "bought_once" and finding.found for finding in findings)
    return "pareto_nbd" if once else "bg_nbd"


def _settings(family: Family, days: int | None, models: Collection[str], *, learns: bool) -> tuple[str, ...]:
    names = [name for name in _CANDIDATES[family] if name in models and (learns or name not in _LEARNT)]
    lines = ["[value]", f'horizon = "{days} days"'] if days else []
    if names:
        lines += ["[models]", "candidates = [" + ", ".join(f'"{name}"' for name in names) + "]"]
    return tuple(lines)


def _sentence(fit: Fit, family: Family, days: int | None, cause: list[Finding]) -> str:
    titles = [finding.title.lower() for finding in cause]
    listed = titles[0] if len(titles) == 1 else ", ".join(titles[:-1]) + " and " + titles[-1] if titles else ""
    if fit == "not yet":
        why = "; ".join(_STOPS[finding.id] for finding in cause)
        return f"Not yet: {why}. Until then use {FAMILIES[family]}."
    over = f", for a horizon of {days} days" if days else ""
    suits = f"{FAMILIES[family]}{over}"
    if fit == "fits":
        return f"Fits: {suits}."
    return f"Fits with care: {suits}; mind {listed}."
