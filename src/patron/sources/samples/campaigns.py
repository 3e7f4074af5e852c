"""Campaigns whose effect is known: who was contacted, who was held out, and what it really brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pyarrow as pa

from patron.sources.samples.export import Exports, dates, labels, moments, money, words
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import Plan
from patron.sources.samples.rhythm import SECONDS_PER_DAY, Flags, Floats, Ints, opening_hours

# A few contacts respond, by a click or a call, without buying more than they would have.
_IDLE_RESPONSE: Final = 0.04


@dataclass(frozen=True)
class Campaign:
    """One campaign; ``effect`` is the true relative change it makes on the ``days`` days after its first."""

    code: str
    name: str
    channel: str
    starts: int
    days: int
    effect: float
    reach: float
    held_out: float
    cost_cents: int

    @property
    def ends(self) -> int:
        return self.starts + self.days


@dataclass(frozen=True)
class Contacts:
    """Contacts as parallel arrays; ``campaign`` is a place in the tuple of campaigns."""

    who: Ints
    campaign: Ints
    held_out: Flags
    at: Ints

    @property
    def day(self) -> Ints:
        return self.at // SECONDS_PER_DAY


def placed(plan: Plan, campaigns: Sequence[tuple[float, Campaign]]) -> tuple[Campaign, ...]:
    """Campaigns at these shares of the history; those whose effect would outlast it are left out."""
    moved = (replace(campaign, starts=plan.start + int(share * plan.days)) for share, campaign in campaigns)
    return tuple(campaign for campaign in moved if campaign.ends <= plan.end)


def choose(rng: np.random.Generator, campaigns: Sequence[Campaign], customers: int) -> tuple[Ints, Ints, Flags]:
    """Whom each campaign would reach, by lot: (customer, campaign, held out)."""
    who, which, held = [], [], []
    for place, campaign in enumerate(campaigns):
        reached = np.flatnonzero(rng.random(customers) < campaign.reach)
        who.append(reached.astype(np.int64))
        which.append(np.full(len(reached), place, dtype=np.int64))
        held.append(rng.random(len(reached)) < campaign.held_out)
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *who]), np.concatenate([none, *which]), np.concatenate([none > 0, *held])


def contacts_of(
    rng: np.random.Generator, campaigns: Sequence[Campaign], chosen: tuple[Ints, Ints, Flags], eligible: Flags
) -> Contacts:
    """The contacts among the chosen who were eligible; each happens on the campaign's first day."""
    who, which, held = chosen
    who, which, held = who[eligible], which[eligible], held[eligible]
    return Contacts(who, which, held, opening_hours(rng, start_days(campaigns)[which]))


def contacts_of_known(rng: np.random.Generator, campaigns: Sequence[Campaign], joined: Ints) -> Contacts:
    """Contacts by lot among those who were customers by then; nobody knows who of them has left."""
    chosen = choose(rng, campaigns, len(joined))
    return contacts_of(rng, campaigns, chosen, joined[chosen[0]] < start_days(campaigns)[chosen[1]])


def start_days(campaigns: Sequence[Campaign]) -> Ints:
    return np.array([campaign.starts for campaign in campaigns], dtype=np.int64)


def extra_rates(
    campaigns: Sequence[Campaign], contacts: Contacts, rate: Floats, last_active: Ints
) -> tuple[Floats, Ints, Ints]:
    """What each contact brings on top, as (rate, first day, last day); nothing for those held out.

    ``rate`` is each customer's own, times their response to campaigns. The effect begins on the day after the
    contact, so that nobody buys because of a contact still to come.
    """
    effects = np.array([campaign.effect for campaign in campaigns], dtype=np.float64)
    ends = np.array([campaign.ends for campaign in campaigns], dtype=np.int64)
    effect = np.where(contacts.held_out, 0.0, effects[contacts.campaign])
    return (
        rate[contacts.who] * effect,
        contacts.day + 1,
        np.minimum(ends[contacts.campaign], last_active[contacts.who]),
    )


@dataclass(frozen=True)
class Brought:
    """Purchases that contacts brought: the place of the contact, the second, the cents."""

    contact: Ints
    at: Ints
    cents: Ints


def response_times(rng: np.random.Generator, contacts: Contacts, brought: Brought, end: int) -> Ints:
    """When each contact responded, -1 for never: at the first purchase it brought, or idly."""
    never = np.iinfo(np.int64).max
    first = np.full(len(contacts.who), never)
    np.minimum.at(first, brought.contact, brought.at)
    idle = rng.random(len(first)) < _IDLE_RESPONSE
    idle_at = contacts.at + rng.integers(600, 3 * SECONDS_PER_DAY, len(first))
    first = np.where(idle & (first == never), idle_at, first)
    silent = contacts.held_out | (first >= (end + 1) * SECONDS_PER_DAY)
    return np.where(silent, -1, first)


@dataclass
class CampaignLedger:
    """What each campaign truly did, added up over the pieces of a world."""

    campaigns: tuple[Campaign, ...]
    sums: dict[str, Floats] = field(default_factory=dict)

    def add(self, name: str, which: Ints, amounts: Floats | Ints) -> None:
        """Add amounts to the campaigns they belong to."""
        sums = np.bincount(which, weights=amounts, minlength=len(self.campaigns)).astype(np.float64)
        self.sums[name] = self.sums.get(name, np.zeros(len(self.campaigns))) + sums

    def record(self, contacts: Contacts, expected: Floats, brought: Brought) -> None:
        """Count the contacts, the orders each was expected to bring, and those it brought."""
        which = contacts.campaign[brought.contact]
        self.add("treated", contacts.campaign, (~contacts.held_out).astype(np.int64))
        self.add("held_out", contacts.campaign, contacts.held_out.astype(np.int64))
        self.add("expected_extra_orders", contacts.campaign, expected)
        self.add("extra_orders", which, np.ones_like(which))
        self.add("extra_cents", which, brought.cents)

    def columns(self) -> dict[str, pa.Array]:
        """The columns of truth/campaigns.parquet.

        ``extra_orders`` and ``extra_value`` are what would not have happened without the campaign (gross, within
        the history), ``expected_extra_orders`` what was to be expected of the customers contacted.
        """
        whole = {name: pa.array(self._sum(name).astype(np.int64)) for name in ("treated", "held_out", "extra_orders")}
        return {
            "campaign_id": pa.array([c.code for c in self.campaigns], pa.string()),
            "effect": pa.array([c.effect for c in self.campaigns], pa.float64()),
            "effect_days": pa.array([c.days for c in self.campaigns], pa.int64()),
            **whole,
            "expected_extra_orders": pa.array(self._sum("expected_extra_orders")),
            "extra_value": money(self._sum("extra_cents").astype(np.int64)),
        }

    def _sum(self, name: str) -> Floats:
        return self.sums.get(name, np.zeros(len(self.campaigns)))


def write_campaigns(exports: Exports, campaigns: Sequence[Campaign]) -> None:
    """The list of campaigns, as an export."""
    exports.write(
        "campaigns",
        {
            "campaign_code": pa.array([c.code for c in campaigns], pa.string()),
            "campaign_name": pa.array([c.name for c in campaigns], pa.string()),
            "medium": pa.array([c.channel for c in campaigns], pa.string()),
            "start_date": dates(np.array([c.starts for c in campaigns], dtype=np.int64)),
            "end_date": dates(np.array([c.ends for c in campaigns], dtype=np.int64)),
        },
    )


def write_contacts(
    exports: Exports, campaigns: Sequence[Campaign], contacts: Contacts, responded: Ints, numbers: Ints, prefix: str
) -> None:
    """Contacts, as an export; a held-out customer costs nothing."""
    codes = tuple(campaign.code for campaign in campaigns)
    costs = np.array([campaign.cost_cents for campaign in campaigns], dtype=np.int64)
    cost = np.where(contacts.held_out, 0, costs[contacts.campaign])
    exports.write(
        "contacts",
        {
            "customer_number": labels(prefix, numbers[contacts.who], 7),
            "campaign_code": words(codes, contacts.campaign),
            "sent_at": moments(contacts.at),
            "control_group": pa.array(contacts.held_out),
            "responded_at": moments(responded),
            "cost": money(cost),
        },
    )


def campaign_sources(exports: Exports) -> tuple[SourceMap, ...]:
    """How the two files above map onto Patron's tables."""
    return (
        SourceMap(
            "campaigns",
            "campaigns",
            exports.file_name("campaigns"),
            {
                "campaign_id": "campaign_code",
                "campaign_name": "campaign_name",
                "channel": "medium",
                "started_on": "start_date",
                "ended_on": "end_date",
            },
        ),
        SourceMap(
            "contacts",
            "contacts",
            exports.file_name("contacts"),
            {
                "customer_id": "customer_number",
                "campaign_id": "campaign_code",
                "contacted_at": "sent_at",
                "held_out": "control_group",
                "responded_at": "responded_at",
                "cost": "cost",
            },
        ),
    )
