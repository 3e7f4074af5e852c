"""A simulated bank: salaries, cards and fees; what a customer is worth is the margin on them.

Card payments come at a rate of each customer's own, salaries and fees on their days of the month. After an
exponential lifetime an account falls silent: it stays open, but nothing moves on it and the bank waives the fee.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from patron.sources.samples import campaigns as marketing
from patron.sources.samples.bank_export import (
    FEE_CENTS,
    PREFIX,
    TYPES,
    Clients,
    Movements,
    MovementWriter,
    bank_sources,
    write_branches,
    write_clients,
    write_products,
)
from patron.sources.samples.campaigns import Brought, Campaign, CampaignLedger, Contacts
from patron.sources.samples.export import NOBODY, Exports, labels
from patron.sources.samples.patron_toml import SourceMap
from patron.sources.samples.plan import FUTURE_DAYS, Piece, Plan
from patron.sources.samples.rhythm import (
    Floats,
    Ints,
    Rhythm,
    card_weights,
    days_of_month,
    lifetimes,
    month_starts,
    months_of,
    on_calendar_days,
    opening_hours,
)
from patron.sources.samples.tally import Tally
from patron.sources.samples.truth import HORIZONS, Truth, accumulate, realised

OPENING, SALARY, CARD, FEE, REVERSAL = range(len(TYPES))
PAYDAYS: Final = (1, 15, 25, 27)
REVERSED_SHARE: Final = 0.02
# Margins in ten-thousandths of the currency per cent moved, whole numbers so that they are exact: 1 % on cards,
# 0.2 % on what is paid in (in steps of five cents), all of a fee.
CARD_MARGIN: Final = 1
DEPOSIT_MARGIN_DIVISOR: Final = 5
FEE_MARGIN: Final = 100
_SMALLEST_PAYMENT_CENTS: Final = 100
_RATE_SHAPE: Final = 1.1
_HAZARD_SHAPE: Final = 0.8
_HAZARD_SCALE_DAYS: Final = 600.0
_PAYMENT_SHAPE: Final = 1.6
_SALARIED_SHARE: Final = 0.7
_PILOT_CLIENTS: Final = 20_000
_CAMPAIGNS: Final = (
    (0.35, Campaign("CASHBACK", "Cashback on card payments", "e-mail", 0, 60, 0.20, 0.35, 0.25, 3)),
    (0.60, Campaign("LETTER", "Letter from the branch", "post", 0, 60, 0.0, 0.30, 0.25, 95)),
    (0.85, Campaign("CONTACTLESS", "Contactless card", "phone", 0, 45, 0.35, 0.20, 0.30, 350)),
)


@dataclass(frozen=True)
class Bank:
    """What all pieces of the world share."""

    plan: Plan
    rhythm: Rhythm
    campaigns: tuple[Campaign, ...]
    paydays: tuple[Ints, ...]
    fee_days: Ints
    branch_share: Floats
    rate_scale: float


def simulate_bank(plan: Plan, exports: Exports, tally: Tally) -> tuple[SourceMap, ...]:
    """Write the bank's exports and truth; gives the mapping of the exports."""
    bank = _bank(plan)
    ledger = CampaignLedger(bank.campaigns)
    writer = MovementWriter(exports, tally)
    for piece in plan.pieces():
        _simulate_piece(bank, piece, writer, ledger)
    write_products(exports)
    write_branches(exports, len(bank.branch_share))
    marketing.write_campaigns(exports, bank.campaigns)
    exports.write_truth("campaigns", ledger.columns())
    return bank_sources(exports)


def _bank(plan: Plan) -> Bank:
    days = np.arange(plan.start, plan.horizon_end + 1, dtype=np.int64)
    of_month = days_of_month(days)
    share = 1.0 / np.arange(1, int(np.clip(round(np.sqrt(plan.customers) / 5), 4, 80)) + 1) ** 0.8
    bank = Bank(
        plan=plan,
        rhythm=Rhythm.of(plan.start, card_weights(plan.start, plan.days + FUTURE_DAYS)),
        campaigns=marketing.placed(plan, _CAMPAIGNS),
        paydays=tuple(days[of_month == payday] for payday in PAYDAYS),
        fee_days=days[days + 1 == month_starts(months_of(days) + 1)],
        branch_share=share / share.sum(),
        rate_scale=1.0,
    )
    return replace(bank, rate_scale=_rate_scale(bank))


def _rate_scale(bank: Bank) -> float:
    """Card payments per day of the mean customer, such that customers have the wished number of movements."""
    clients = _clients(bank, bank.plan.rng(), _PILOT_CLIENTS)
    until = np.minimum(clients.last_active, bank.plan.end)
    regular = sum(len(who) for who, _ in _monthly(bank, clients, until)) / len(clients)
    wished = bank.plan.orders_per_customer - 1.0 - regular
    # At least a few card payments: a bank world sized below its salaries and fees has those on top.
    payments = max(wished, 0.05 * bank.plan.orders_per_customer)
    return payments / float(np.mean(clients.rate * bank.rhythm.mass(clients.joined + 1, until)))


def _clients(bank: Bank, rng: np.random.Generator, count: int) -> Clients:
    joined = rng.integers(bank.plan.start, bank.plan.end + 1, count)
    # Many accounts are as old as the export.
    joined = np.where(rng.random(count) < 0.4, np.minimum(joined, bank.plan.start + rng.integers(0, 30, count)), joined)
    hazard = rng.gamma(_HAZARD_SHAPE, 1.0 / _HAZARD_SCALE_DAYS, count) + 1e-9
    salaried = rng.random(count) < _SALARIED_SHARE
    age_days = ((18.0 + rng.beta(2.0, 2.5, count) * 67.0) * 365.25).astype(np.int64)
    young = age_days < 35 * 365
    return Clients(
        joined=joined,
        rate=rng.gamma(_RATE_SHAPE, bank.rate_scale / _RATE_SHAPE, count),
        hazard=hazard,
        last_active=joined + lifetimes(rng, hazard),
        payment_cents=2_000.0 + rng.gamma(2.0, 900.0, count),
        payday=np.where(salaried, rng.integers(0, len(PAYDAYS), count), NOBODY),
        salary_cents=np.rint(np.exp(rng.normal(7.7, 0.4, count))).astype(np.int64) * 100,
        product=rng.choice(3, count, p=[0.55, 0.32, 0.13]),
        branch=rng.choice(len(bank.branch_share), count, p=bank.branch_share),
        response=np.where(young, 1.5, 0.8),
        born=joined - age_days,
    )


def _simulate_piece(bank: Bank, piece: Piece, writer: MovementWriter, ledger: CampaignLedger) -> None:
    rng = bank.plan.rng(piece)
    clients = _clients(bank, rng, piece.customers)
    numbers = np.arange(piece.first_customer + 1, piece.first_customer + 1 + piece.customers)
    contacts = marketing.contacts_of_known(rng, bank.campaigns, clients.joined)
    movements = _movements(bank, rng, clients, contacts)
    history = movements.where(movements.day <= bank.plan.end)
    writer.write(rng, clients, numbers, history.where(np.argsort(history.at, kind="stable")))
    write_clients(rng, writer.exports, clients, numbers)
    brought_rows = history.where(history.contact != NOBODY)
    brought = Brought(brought_rows.contact, brought_rows.at, brought_rows.cents)
    responded = marketing.response_times(rng, contacts, brought, bank.plan.end)
    marketing.write_contacts(writer.exports, bank.campaigns, contacts, responded, numbers, PREFIX)
    rate, first, last = _extra(bank, clients, contacts)
    ledger.record(contacts, rate * bank.rhythm.mass(first, last), brought)
    truth = _truth(bank, clients, movements)
    writer.exports.write_truth("truth", truth.columns(labels(PREFIX, numbers, 7)))


def _extra(bank: Bank, clients: Clients, contacts: Contacts) -> tuple[Floats, Ints, Ints]:
    return marketing.extra_rates(bank.campaigns, contacts, clients.rate * clients.response, clients.last_active)


def _movements(bank: Bank, rng: np.random.Generator, clients: Clients, contacts: Contacts) -> Movements:
    """All movements of these customers, past and future."""
    until = np.minimum(clients.last_active, bank.plan.horizon_end)
    (paid, pay_day), (charged, fee_day) = _monthly(bank, clients, until)
    everyone = np.arange(len(clients))
    deposits = rng.integers(20, 2_000, len(clients)) * 500
    opening = _paid_in(rng, everyone, clients.joined, deposits, OPENING)
    salaries = _paid_in(rng, paid, pay_day, clients.salary_cents[paid], SALARY)
    fees = _fees(charged, fee_day, FEE_CENTS[clients.product[charged]])
    undone = fees.where(rng.random(len(charged)) < REVERSED_SHARE)
    reversals = Movements(
        undone.who, undone.at + 60, -undone.cents, -undone.margin, np.full_like(undone.kind, REVERSAL), undone.contact
    )
    return opening.with_these(salaries, fees, reversals, _payments(bank, rng, clients, contacts, until))


def _monthly(bank: Bank, clients: Clients, until: Ints) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Salaries and fees within each customer's active days, as (customer, day)."""
    who, day = [], []
    for place, payday in enumerate(bank.paydays):
        salaried = np.flatnonzero(clients.payday == place)
        index, days = on_calendar_days(payday, clients.joined[salaried] + 1, until[salaried])
        who.append(salaried[index])
        day.append(days)
    return (np.concatenate(who), np.concatenate(day)), on_calendar_days(bank.fee_days, clients.joined + 1, until)


def _paid_in(rng: np.random.Generator, who: Ints, day: Ints, cents: Ints, kind: int) -> Movements:
    margin = cents // DEPOSIT_MARGIN_DIVISOR
    return Movements(who, opening_hours(rng, day), cents, margin, np.full_like(who, kind), np.full_like(who, NOBODY))


def _fees(who: Ints, day: Ints, cents: Ints) -> Movements:
    at = day * 86_400 + 23 * 3_600
    return Movements(who, at, cents, cents * FEE_MARGIN, np.full_like(who, FEE), np.full_like(who, NOBODY))


def _payments(bank: Bank, rng: np.random.Generator, clients: Clients, contacts: Contacts, until: Ints) -> Movements:
    own, own_day = bank.rhythm.arrivals(rng, clients.rate, clients.joined + 1, until)
    contact, extra_day = bank.rhythm.arrivals(rng, *_extra(bank, clients, contacts))
    who = np.concatenate((own, contacts.who[contact]))
    brought_by = np.concatenate((np.full_like(own, NOBODY), contact))
    scale = (clients.payment_cents[who] - _SMALLEST_PAYMENT_CENTS) / _PAYMENT_SHAPE
    spent = _SMALLEST_PAYMENT_CENTS + rng.standard_gamma(_PAYMENT_SHAPE, len(who)) * scale
    cents = np.rint(spent).astype(np.int64)
    at = opening_hours(rng, np.concatenate((own_day, extra_day)))
    return Movements(who, at, cents, cents * CARD_MARGIN, np.full_like(who, CARD), brought_by)


def _truth(bank: Bank, clients: Clients, movements: Movements) -> Truth:
    """Movements and margin to be expected from the customers whose accounts are not silent."""
    end = bank.plan.end
    alive = clients.last_active >= end
    survival = np.exp(-clients.hazard)
    cards, salaries, fees = _expected_parts(bank, clients, survival)
    card_margin = (clients.payment_cents * CARD_MARGIN)[:, None]
    salary_margin = (clients.salary_cents // DEPOSIT_MARGIN_DIVISOR)[:, None]
    fee_margin = (FEE_CENTS[clients.product] * FEE_MARGIN * (1.0 - REVERSED_SHARE))[:, None]
    margin = cards * card_margin + salaries * salary_margin + fees * fee_margin
    gained = movements.where(movements.kind != REVERSAL)
    return Truth(
        alive=alive,
        rate=clients.rate * 365.0 + 12.0 * (clients.payday != NOBODY) + 12.0,
        churn=-np.expm1(-365.0 * clients.hazard),
        order_value=margin[:, -1] / np.maximum(cards + salaries + fees, 1e-300)[:, -1] / 10_000.0,
        response=clients.response,
        expected_orders=alive[:, None] * (cards + salaries + fees),
        expected_value=alive[:, None] * margin / 10_000.0,
        future_orders=realised(gained.who, gained.day - end, np.ones_like(gained.who), len(clients)),
        future_value=realised(movements.who, movements.day - end, movements.margin, len(clients)),
    )


def _expected_parts(bank: Bank, clients: Clients, survival: Floats) -> tuple[Floats, Floats, Floats]:
    """Card payments, salaries and fees expected by each horizon from a customer who is active today."""
    end = bank.plan.end
    weights = bank.rhythm.weights[end + 1 - bank.rhythm.first_day :]
    fee_days = {int(day) - end for day in bank.fee_days}
    payday_of = {int(day) - end: place for place, days in enumerate(bank.paydays) for day in days}

    def salary(day: int) -> Floats:
        return (clients.payday == payday_of[day]).astype(np.float64)

    cards = clients.rate[:, None] * accumulate(survival, lambda day: float(weights[day - 1]), HORIZONS)
    salaries = accumulate(survival, lambda day: salary(day) if day in payday_of else 0.0, HORIZONS)
    fees = accumulate(survival, lambda day: 1.0 if day in fee_days else 0.0, HORIZONS)
    return cards, salaries, fees
