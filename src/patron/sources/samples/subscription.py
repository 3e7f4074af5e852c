"""Simulated subscriptions: plans that renew each month or year, upgrades, refunds, and leaving.

At each renewal a customer leaves with a chance of their own, drawn from their plan's beta distribution: the
shifted beta-geometric of Fader & Hardie (2007). Those who stay may upgrade, and pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.sources.samples import campaigns as marketing
from patron.sources.samples.campaigns import Brought, Campaign, CampaignLedger, Contacts
from patron.sources.samples.export import NOBODY, Exports, labels
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import Piece, Plan
from patron.sources.samples.rhythm import (
    SECONDS_PER_DAY,
    Flags,
    Floats,
    Ints,
    add_months,
    day_of_second,
    months_of,
    opening_hours,
)
from patron.sources.samples.subscription_export import (
    MONTHLY_PLANS,
    MONTHS,
    PREFIX,
    PRICE_CENTS,
    Payments,
    PaymentWriter,
    Subscribers,
    subscription_sources,
    write_plans,
    write_subscribers,
    write_subscriptions,
)
from patron.sources.samples.tally import Tally
from patron.sources.samples.truth import HORIZONS, Refunds, Truth, realised

REFUNDS: Final = Refunds(share=0.02, longest=14)
UPGRADE_CHANCE: Final = 0.015
_PLAN_SHARES: Final = (0.46, 0.24, 0.08, 0.13, 0.07, 0.02)
# Alpha and beta of the chance to leave at a renewal, plan by plan.
_CHURN: Final = np.array([(1.0, 13.0), (0.9, 19.0), (0.8, 27.0), (1.0, 2.4), (1.0, 3.0), (1.0, 4.0)])
_RENEWALS_AHEAD: Final = 13
# The effect of a campaign is the share of those about to leave whom it makes stay, at their next renewal.
_CAMPAIGNS: Final = (
    (0.45, Campaign("STAY", "A free month for staying", "e-mail", 0, 31, 0.50, 0.50, 0.30, 60)),
    (0.65, Campaign("TIPS", "Tips and tricks", "e-mail", 0, 31, 0.0, 0.50, 0.30, 2)),
    (0.85, Campaign("CALL", "A call from us", "phone", 0, 31, 0.70, 0.35, 0.30, 420)),
)


@dataclass(frozen=True)
class Offers:
    """Whom each campaign would reach if they are subscribers by then."""

    campaigns: tuple[Campaign, ...]
    chosen: tuple[Ints, Ints, Flags]

    def keeping(self, customers: int, due: Ints) -> tuple[Floats, Ints]:
        """For renewals on these days: the share of leavers that an offer makes stay, and which offer that is."""
        who, which, held = self.chosen
        effect, offer = np.zeros(customers), np.full(customers, NOBODY)
        for place, campaign in enumerate(self.campaigns):
            treated = np.flatnonzero((which == place) & ~held)
            day = due[who[treated]]
            inside = treated[(day > campaign.starts) & (day <= campaign.ends)]
            effect[who[inside]], offer[who[inside]] = campaign.effect, inside
        return effect, offer


@dataclass(frozen=True)
class PieceOfBusiness:
    """Some customers with all they ever pay, past and future.

    ``at`` is the second of each payment, ``refunded_at`` that of its refund (-1: none); ``ended`` the day each
    contract ended, beyond the simulated future where it did not.
    """

    people: Subscribers
    numbers: Ints
    offers: Offers
    payments: Payments
    at: Ints
    refunded_at: Ints
    ended: Ints


def simulate_subscription(plan: Plan, exports: Exports, tally: Tally) -> tuple[SourceMap, ...]:
    """Write the exports and the truth; gives the mapping of the exports."""
    campaigns = marketing.placed(plan, _CAMPAIGNS)
    ledger = CampaignLedger(campaigns)
    writer = PaymentWriter(plan, exports, tally)
    for piece in plan.pieces():
        _simulate_piece(plan, campaigns, piece, writer, ledger)
    write_plans(exports)
    marketing.write_campaigns(exports, campaigns)
    exports.write_truth("campaigns", ledger.columns())
    return subscription_sources(exports)


def _simulate_piece(
    plan: Plan, campaigns: tuple[Campaign, ...], piece: Piece, writer: PaymentWriter, ledger: CampaignLedger
) -> None:
    rng, exports = plan.rng(piece), writer.exports
    drawn = _piece_of_business(plan, rng, campaigns, piece)
    past = np.flatnonzero(drawn.payments.day <= plan.end)
    past = past[np.argsort(drawn.at[past], kind="stable")]
    history = drawn.payments.where(past)
    writer.write(history, drawn.at[past], drawn.refunded_at[past], drawn.numbers)
    write_subscribers(rng, exports, drawn.people, drawn.numbers)
    write_subscriptions(exports, plan, history, drawn.ended, drawn.numbers)
    _market(plan, rng, drawn, exports, ledger)
    exports.write_truth("truth", _truth(plan, drawn).columns(labels(PREFIX, drawn.numbers, 7)))


def _piece_of_business(
    plan: Plan, rng: np.random.Generator, campaigns: tuple[Campaign, ...], piece: Piece
) -> PieceOfBusiness:
    people = _subscribers(plan, rng, piece.customers)
    offers = Offers(campaigns, marketing.choose(rng, campaigns, len(people)))
    payments, ended = _contracts(plan, rng, people, offers)
    at = opening_hours(rng, payments.day)
    delay = REFUNDS.draw(rng, len(at))
    refunded_at = np.where(delay > 0, at + delay * SECONDS_PER_DAY, -1)
    numbers = np.arange(piece.first_customer + 1, piece.first_customer + 1 + piece.customers)
    return PieceOfBusiness(people, numbers, offers, payments, at, refunded_at, ended)


def _subscribers(plan: Plan, rng: np.random.Generator, count: int) -> Subscribers:
    chosen = rng.choice(len(PRICE_CENTS), count, p=_PLAN_SHARES)
    alpha, beta = _CHURN[chosen].T
    return Subscribers(rng.integers(plan.start, plan.end + 1, count), chosen, np.clip(rng.beta(alpha, beta), 1e-9, 1.0))


def _contracts(plan: Plan, rng: np.random.Generator, people: Subscribers, offers: Offers) -> tuple[Payments, Ints]:
    """Go through the months since joining; at each renewal some leave, some upgrade, the rest pay.

    Gives all payments and the day each contract ended.
    """
    count, everyone = len(people), np.arange(len(people))
    running = np.ones(count, dtype=np.bool_)
    current, ended = people.plan.copy(), np.full(count, plan.horizon_end + 1)
    saved_by = np.full(count, NOBODY)
    parts = [Payments(everyone, people.joined, current.copy(), saved_by.copy())]
    for month in range(1, (plan.horizon_end - plan.start) // 28 + 1):
        due = add_months(people.joined, month)
        renews = running & (month % MONTHS[people.plan] == 0) & (due <= plan.horizon_end)
        luck, upgrade = rng.random(count), rng.random(count) < UPGRADE_CHANCE
        effect, offer = offers.keeping(count, due)
        leaves = renews & (luck < people.churn * (1.0 - effect))
        saved = renews & ~leaves & (luck < people.churn)
        saved_by = np.where(saved & (saved_by == NOBODY), offer, saved_by)
        running &= ~leaves
        ended[leaves] = due[leaves]
        current += renews & ~leaves & upgrade & (current < MONTHLY_PLANS - 1)
        paying = np.flatnonzero(renews & ~leaves)
        parts.append(Payments(paying, due[paying], current[paying], saved_by[paying]))
    columns = zip(*((p.who, p.day, p.plan, p.saved_by) for p in parts), strict=True)
    return Payments(*(np.concatenate(column) for column in columns)), ended


def _market(
    plan: Plan, rng: np.random.Generator, drawn: PieceOfBusiness, exports: Exports, ledger: CampaignLedger
) -> None:
    """Contacts are those whom a campaign reached while they were subscribers, not on their first day."""
    offers, payments = drawn.offers, drawn.payments
    who, which, _ = offers.chosen
    starts = marketing.start_days(offers.campaigns)[which]
    eligible = (drawn.people.joined[who] < starts) & (drawn.ended[who] > starts)
    contacts = marketing.contacts_of(rng, offers.campaigns, offers.chosen, eligible)
    kept = np.flatnonzero((payments.saved_by != NOBODY) & (payments.day <= plan.end))
    place = (np.cumsum(eligible) - 1)[payments.saved_by[kept]]
    brought = Brought(place, drawn.at[kept], payments.cents[kept])
    responded = marketing.response_times(rng, contacts, brought, plan.end)
    marketing.write_contacts(exports, offers.campaigns, contacts, responded, drawn.numbers, PREFIX)
    ledger.record(contacts, _expected_saved(offers, drawn.people, contacts, plan.end), brought)


def _expected_saved(offers: Offers, people: Subscribers, contacts: Contacts, end: int) -> Floats:
    """For each contact, the payments to be expected within the history that would not have come without it.

    That is the chance that the offer keeps a leaver at the one renewal it touches, times the payments a customer
    makes from there on; that a later campaign may reach the same customer is left aside.
    """
    effects = np.array([campaign.effect for campaign in offers.campaigns], dtype=np.float64)[contacts.campaign]
    ends = np.array([campaign.ends for campaign in offers.campaigns], dtype=np.int64)[contacts.campaign]
    joined, months = people.joined[contacts.who], MONTHS[people.plan[contacts.who]]
    churn = people.churn[contacts.who]
    expected = np.zeros(len(joined))
    for later in range(3):
        month = months_of(contacts.day) - months_of(joined) + later
        due = add_months(joined, month)
        touched = (expected == 0.0) & (month % months == 0) & (due > contacts.day) & (due <= ends)
        more = np.maximum(months_of(np.full_like(due, end)) - months_of(due), 0)
        more = (more - (add_months(joined, month + more) > end)) // months
        payments = (1.0 - (1.0 - churn) ** (more + 1)) / churn
        expected = np.where(touched & ~contacts.held_out, effects * churn * payments, expected)
    return expected


def _truth(plan: Plan, drawn: PieceOfBusiness) -> Truth:
    people, payments, end, count = drawn.people, drawn.payments, plan.end, len(drawn.people)
    alive, past = drawn.ended > end, payments.day <= end
    current = _plan_at_end(payments.where(past), people)
    orders, cents = _expected(people, current, alive, end)
    refund_day = day_of_second(drawn.refunded_at)
    back = drawn.refunded_at >= 0
    open_yet = payments.where(past & (~back | (refund_day > end)))
    pending = REFUNDS.pending(open_yet.who, end - open_yet.day, open_yet.cents, count)
    sold = realised(payments.who, payments.day - end, payments.cents, count)
    refunded = realised(payments.who[back], refund_day[back] - end, payments.cents[back], count)
    renewals_per_year = 12.0 / MONTHS[people.plan]
    return Truth(
        alive=alive,
        rate=renewals_per_year,
        churn=1.0 - (1.0 - people.churn) ** renewals_per_year,
        order_value=PRICE_CENTS[current] / 100.0,
        response=np.ones(count),
        expected_orders=orders,
        expected_value=(cents - pending) / 100.0,
        future_orders=realised(payments.who, payments.day - end, np.ones_like(payments.who), count),
        future_value=(sold - refunded) * 100,
    )


def _plan_at_end(past: Payments, people: Subscribers) -> Ints:
    current = people.plan.copy()
    np.maximum.at(current, past.who, past.plan)  # plans only ever go up
    return current


def _expected(people: Subscribers, current: Ints, alive: Flags, end: int) -> tuple[Floats, Floats]:
    """Payments and their cents, less refunds, expected by each horizon of those who are subscribers today."""
    count, months = len(people), MONTHS[people.plan]
    orders, cents = np.zeros((count, len(HORIZONS))), np.zeros((count, len(HORIZONS)))
    # The chance of each plan in some renewals; a row per customer.
    plans = np.eye(len(PRICE_CENTS))[current]
    stay = alive.astype(np.float64)
    since_joining = end - people.joined
    elapsed = months_of(people.joined + since_joining) - months_of(people.joined)
    for ahead in range(_RENEWALS_AHEAD + 1):
        month = elapsed + ahead
        day = add_months(people.joined, month) - end
        renews = (month % months == 0) & (day > 0) & (month > 0)
        stay = np.where(renews, stay * (1.0 - people.churn), stay)
        plans = np.where(renews[:, None], plans @ _UPGRADES, plans)
        for place, horizon in enumerate(HORIZONS):
            paid = np.where(renews & (day <= horizon), stay, 0.0)
            kept = 1.0 - REFUNDS.share * np.clip(horizon - day, 0, REFUNDS.longest) / REFUNDS.longest
            orders[:, place] += paid
            cents[:, place] += paid * kept * (plans @ PRICE_CENTS)
    return orders, cents


def _upgrade_matrix() -> Floats:
    matrix = np.eye(len(PRICE_CENTS))
    for plan in range(MONTHLY_PLANS - 1):
        matrix[plan, plan], matrix[plan, plan + 1] = 1.0 - UPGRADE_CHANCE, UPGRADE_CHANCE
    return matrix


_UPGRADES: Final = _upgrade_matrix()
