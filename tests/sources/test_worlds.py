"""Simulated worlds: determinism, sums and shares, readability, and a truth that holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from patron.errors import UnknownName, UsageError
from patron.settings import Settings, read_settings
from patron.sources.files import find_files
from patron.sources.parse import Parser
from patron.sources.raw import read_raw
from patron.sources.samples import plan
from patron.sources.samples.truth import HORIZONS, Refunds, accumulate, realised
from patron.sources.samples.worlds import WORLDS, World, prepare_world, simulate
from patron.tables import source_table

CUSTOMERS = {"shop": 3_000, "bank": 600, "subscription": 3_000}
MAIN_FILE = {"shop": "orders", "bank": "movements", "subscription": "payments"}
VALUE_COLUMN = {"shop": "line_total", "bank": "margin", "subscription": "amount"}
CUSTOMER_COLUMN = {"shop": "customer_number", "bank": "client_number", "subscription": "customer_number"}


@dataclass(frozen=True)
class Asked:
    """A simulated world and a way to ask SQL of its files."""

    world: World

    def all(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of a query; {name} stands for a file of the world, {truth} and {campaign_truth} for the truth's."""
        names = {path.stem: f"read_parquet('{path}')" for path in self.world.folder.glob("*.parquet")}
        truth = {"truth": self.world.truth, "campaign_truth": self.world.campaign_truth}
        return duckdb.sql(sql.format(**names, **{k: f"read_parquet('{v}')" for k, v in truth.items()})).fetchall()

    def one(self, sql: str) -> tuple[object, ...]:
        return self.all(sql)[0]

    def column(self, name: str) -> NDArray[np.float64]:
        """A column of the truth, by customer."""
        return np.array(self.all(f"SELECT {name}::DOUBLE FROM {{truth}} ORDER BY customer_id")).ravel()

    @property
    def main(self) -> str:
        return "{" + MAIN_FILE[self.world.name] + "}"


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Asked]:
    folder = tmp_path_factory.mktemp("worlds")
    return {name: Asked(simulate(name, folder / name, customers=count, seed=1)) for name, count in CUSTOMERS.items()}


@pytest.fixture(params=sorted(WORLDS))
def asked(request: pytest.FixtureRequest, worlds: dict[str, Asked]) -> Asked:
    return worlds[request.param]


@pytest.fixture
def shop(worlds: dict[str, Asked]) -> Asked:
    return worlds["shop"]


@pytest.fixture
def bank(worlds: dict[str, Asked]) -> Asked:
    return worlds["bank"]


@pytest.fixture
def subscription(worlds: dict[str, Asked]) -> Asked:
    return worlds["subscription"]


def settings_of(world: World) -> Settings:
    path = world.folder / "patron.toml"
    path.write_text(world.settings(), encoding="utf-8")
    return read_settings(path, {})


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# Determinism and size


@pytest.mark.parametrize("name", sorted(WORLDS))
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_the_same_seed_writes_the_same_bytes(name: str, file_format: str, tmp_path: Path) -> None:
    first = prepare_world(name, tmp_path / "a", customers=60, seed=7, file_format=file_format)  # type: ignore[arg-type]
    second = prepare_world(name, tmp_path / "b", customers=60, seed=7, file_format=file_format)  # type: ignore[arg-type]
    assert digests(first.parent) == digests(second.parent)
    assert any(file.endswith(f"{MAIN_FILE[name]}.{file_format}") for file in digests(first.parent))


def test_another_seed_writes_another_world(tmp_path: Path) -> None:
    one, two = (simulate("shop", tmp_path / str(seed), customers=50, seed=seed) for seed in (1, 2))
    assert one.facts["net_value"] != two.facts["net_value"]


def test_a_world_of_many_pieces_has_every_customer_and_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "_ROWS_PER_PIECE", 1_000)
    asked = Asked(simulate("shop", tmp_path, customers=500, seed=3, one_row_per_order=True))
    ids = "count(*), count(DISTINCT customer_number), min(customer_number), max(customer_number)"
    assert asked.one(f"SELECT {ids} FROM {{customers}}") == (500, 500, "CU0000001", "CU0000500")
    assert asked.one("SELECT count(*), count(DISTINCT customer_id) FROM {truth}") == (500, 500)
    moments = "SELECT max(n) FROM (SELECT count(DISTINCT ordered_at) AS n FROM {orders} GROUP BY order_number)"
    assert asked.one(moments) == (1,)


@pytest.mark.parametrize(("name", "orders"), [("shop", 4.0), ("shop", 12.0), ("bank", 100.0)])
def test_customers_have_about_as_many_orders_as_asked_for(name: str, orders: float, tmp_path: Path) -> None:
    world = simulate(name, tmp_path, customers=1_500, seed=5, orders_per_customer=orders)
    assert int(world.facts["orders"]) / 1_500 == pytest.approx(orders, rel=0.10)


def test_one_row_per_order_has_no_lines(tmp_path: Path) -> None:
    asked = Asked(simulate("shop", tmp_path, customers=200, seed=1, one_row_per_order=True))
    rows, numbers = asked.one("SELECT count(*), count(DISTINCT order_number) FROM {orders}")
    assert isinstance(rows, int)
    assert isinstance(numbers, int)
    assert rows - numbers == asked.world.facts["zero_price_rows"]
    assert "order_total" in settings_of(asked.world).sources["orders"].columns.values()


def test_days_and_end_bound_the_history(tmp_path: Path) -> None:
    asked = Asked(simulate("shop", tmp_path, customers=300, seed=1, days=200, end=date(2024, 6, 30)))
    first, last = asked.one("SELECT min(ordered_at)::DATE, max(ordered_at)::DATE FROM {orders}")
    assert isinstance(first, date)
    assert isinstance(last, date)
    assert first >= date(2023, 12, 14)
    assert last <= date(2024, 6, 30)
    assert (last - first).days > 190
    assert settings_of(asked.world).as_of == "2024-06-30"


def test_a_world_of_one_customer_is_a_world(tmp_path: Path) -> None:
    for name in WORLDS:
        asked = Asked(simulate(name, tmp_path / name, customers=1, seed=0, days=90))
        assert asked.one("SELECT count(*) FROM {truth}") == (1,)
        settings_of(asked.world)


# Refusals


def test_an_unknown_world_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="No world named 'shp'.*Did you mean 'shop'"):
        simulate("shp", tmp_path, customers=10, seed=1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"customers": 0}, "customers = 0 .*From 1"),
        ({"customers": 10, "days": 30}, "days = 30 .*From 90"),
        ({"customers": 10, "orders_per_customer": 1.0}, "orders_per_customer = 1.0"),
        ({"customers": 10, "seed": -1}, "seed = -1"),
    ],
)
def test_sizes_out_of_range_are_refused_with_the_range(options: dict[str, int], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=complaint):
        simulate("shop", tmp_path, **{"seed": 1, **options})  # type: ignore[arg-type]


def test_the_subscription_world_refuses_a_number_of_orders(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="follows from its plans"):
        simulate("subscription", tmp_path, customers=10, seed=1, orders_per_customer=5.0)


def test_one_row_per_order_is_refused_where_it_means_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'bank' has one row per order already"):
        simulate("bank", tmp_path, customers=10, seed=1, one_row_per_order=True)


def test_an_unknown_file_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="No file format named 'xml'"):
        simulate("shop", tmp_path, customers=10, seed=1, file_format="xml")  # type: ignore[arg-type]


# Mapping and readability


def test_the_mapping_is_a_valid_patron_toml(asked: Asked) -> None:
    settings = settings_of(asked.world)
    assert settings.as_of == "2025-12-31"
    assert settings.profile == WORLDS[asked.world.name].profile
    tables = {source.table for source in settings.sources.values()}
    assert {"transactions", "customers", "products", "campaigns", "contacts"} <= tables
    assert all(not Path(file).is_absolute() for source in settings.sources.values() for file in source.files)


def test_the_truth_is_never_among_the_sources(asked: Asked) -> None:
    sources = settings_of(asked.world).sources.values()
    files = [path for source in sources for path in find_files(source, asked.world.folder)]
    assert all("truth" not in path.relative_to(asked.world.folder).parts for path in files)
    assert asked.world.truth.parent.name == "truth"


def rejected_rows(world: World) -> Iterator[object]:
    """Rows of any source that Patron's own readers would not believe."""
    for source in settings_of(world).sources.values():
        parser = Parser(source, source_table(source.table))
        for path in find_files(source, world.folder):
            for batch in read_raw(path, source).batches():
                yield from batch.rejected
                yield from parser.parse(batch.rows).rejected


def test_every_row_can_be_read_as_mapped(asked: Asked) -> None:
    assert list(rejected_rows(asked.world)) == []


def test_csv_exports_can_be_read_as_mapped_and_hold_the_same_sum(tmp_path: Path) -> None:
    world = simulate("shop", tmp_path, customers=150, seed=2, file_format="csv")
    assert list(rejected_rows(world)) == []
    source = settings_of(world).sources["orders"]
    parser = Parser(source, source_table("transactions"))
    total = sum(
        amount
        for batch in read_raw(tmp_path / "orders.csv", source).batches()
        for amount, customer in zip(
            *parser.parse(batch.rows).rows.select(["amount", "customer_id"]).to_pydict().values(), strict=True
        )
        if customer is not None
    )
    assert total == world.facts["net_value"]


# Sums and shares


def test_the_facts_are_those_of_the_files(asked: Asked) -> None:
    value, customer = VALUE_COLUMN[asked.world.name], CUSTOMER_COLUMN[asked.world.name]
    rows, anonymous, net, back = asked.one(
        f"SELECT count(*), count(*) FILTER ({customer} IS NULL), sum({value}) FILTER ({customer} IS NOT NULL), "
        f"sum({value}) FILTER ({customer} IS NOT NULL AND {value} < 0) FROM {asked.main}"
    )
    facts = asked.world.facts
    assert (rows, anonymous) == (facts["rows"], facts["anonymous_rows"])
    assert (net, back) == (facts["net_value"], facts["refund_value"])


def test_every_customer_has_a_purchase_in_the_history(asked: Asked) -> None:
    customer, value = CUSTOMER_COLUMN[asked.world.name], VALUE_COLUMN[asked.world.name]
    buyers = asked.one(f"SELECT count(DISTINCT {customer}) FROM {asked.main} WHERE {value} > 0")
    assert buyers == (CUSTOMERS[asked.world.name],)


def test_the_declared_share_of_shop_rows_is_anonymous(shop: Asked) -> None:
    facts = shop.world.facts
    assert int(facts["anonymous_rows"]) / int(facts["rows"]) == pytest.approx(0.175, abs=0.025)


def test_lines_multiply_out_to_the_cent(shop: Asked) -> None:
    assert shop.one(
        "SELECT count(*) FROM {orders} WHERE quantity > 0 AND quantity * unit_price - discount_amount <> line_total"
    ) == (0,)


def test_a_credit_note_nets_its_order_to_nothing(shop: Asked) -> None:
    credited, unbalanced = shop.one(
        """WITH sums AS (SELECT ltrim(order_number, 'C') AS number, sum(line_total) AS net, sum(quantity) AS pieces,
             bool_or(starts_with(order_number, 'C')) AS credited FROM {orders} GROUP BY 1)
           SELECT count(*) FILTER (credited), count(*) FILTER (credited AND (net <> 0 OR pieces <> 0)) FROM sums"""
    )
    assert isinstance(credited, int)
    assert credited > 100
    # A gift or a line scanned twice is not on the credit note; none is planted in a refunded order.
    assert unbalanced == 0


def test_a_credit_note_comes_after_its_order_and_to_the_same_customer(shop: Asked) -> None:
    pairs = """SELECT count(*) FROM {orders} c JOIN {orders} o ON c.order_number = 'C' || o.order_number
               WHERE c.ordered_at <= o.ordered_at OR c.customer_number IS DISTINCT FROM o.customer_number"""
    assert shop.one(pairs) == (0,)


def test_the_planted_oddities_are_there(shop: Asked) -> None:
    facts = shop.world.facts
    assert shop.one("SELECT count(*) FROM {orders} WHERE line_total = 0") == (facts["zero_price_rows"],)
    # The first orders of known customers have them; by chance alone lines rarely coincide.
    repeated = shop.one(
        """SELECT count(*) - count(DISTINCT l) FROM {orders} AS l WHERE line_total > 0 AND order_number IN (
             SELECT order_number FROM {orders} WHERE customer_number IS NOT NULL AND 'C' || order_number NOT IN
               (SELECT order_number FROM {orders}) GROUP BY 1 ORDER BY 1 LIMIT 10)"""
    )
    assert repeated == (facts["repeated_rows"],) == (3,)
    sold, cancelled = shop.one(
        """SELECT epoch(min(o.ordered_at)), epoch(min(c.ordered_at)) FROM {orders} o
           JOIN {orders} c ON c.order_number = 'C' || o.order_number
           WHERE o.order_number IN (SELECT order_number FROM {orders} GROUP BY 1 HAVING sum(line_total) > 50000)"""
    )
    assert cancelled - sold == 720  # type: ignore[operator]


def test_december_is_the_busiest_month_of_a_shop(shop: Asked) -> None:
    busiest = shop.one(
        "SELECT month(ordered_at) FROM {orders} WHERE customer_number IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    assert busiest == (12,)


def test_branches_differ_in_size_and_the_web_has_none(shop: Asked) -> None:
    largest, smallest = shop.one(
        "SELECT max(n), min(n) FROM (SELECT count(*) AS n FROM {orders} WHERE store_code IS NOT NULL GROUP BY store_code)"
    )
    assert largest > 3 * smallest  # type: ignore[operator]
    assert shop.one("SELECT count(*) FROM {orders} WHERE (channel = 'web') <> (store_code IS NULL)") == (0,)
    assert shop.one(
        "SELECT count(*) FROM {orders} o ANTI JOIN {stores} s USING (store_code) WHERE store_code IS NOT NULL"
    ) == (0,)


def test_salaries_come_once_a_month_while_the_account_moves(bank: Asked) -> None:
    most = bank.one(
        """SELECT max(n) FROM (SELECT count(*) AS n FROM {movements} WHERE movement_type = 'salary'
           GROUP BY client_number, date_trunc('month', booked_at))"""
    )
    assert most == (1,)


def test_a_fee_reversal_gives_back_the_whole_fee_and_its_margin(bank: Asked) -> None:
    wrong = bank.one(
        """SELECT count(*) FROM {movements} m LEFT JOIN {movements} f ON f.movement_type = 'fee'
             AND f.client_number = m.client_number AND f.booked_at::DATE = m.booked_at::DATE
             AND f.amount = -m.amount AND f.margin = -m.margin
           WHERE m.movement_type = 'fee reversal' AND f.movement_id IS NULL"""
    )
    assert wrong == (0,)
    assert int(bank.world.facts["refund_rows"]) > 50


def test_movement_and_payment_ids_are_unique(bank: Asked, subscription: Asked) -> None:
    assert bank.one("SELECT count(*) - count(DISTINCT movement_id) FROM {movements}") == (0,)
    assert subscription.one("SELECT count(*) - count(DISTINCT payment_id) FROM {payments}") == (0,)


def test_a_refund_names_the_payment_it_gives_back(subscription: Asked) -> None:
    refunds, paired = subscription.one(
        """SELECT count(*), count(p.payment_id) FROM {payments} r LEFT JOIN {payments} p
             ON p.payment_id = r.refund_of AND p.customer_number = r.customer_number
             AND p.amount = -r.amount AND p.paid_at < r.paid_at
           WHERE r.kind = 'refund'"""
    )
    assert refunds == paired == subscription.world.facts["refund_rows"]


def test_subscriptions_of_a_customer_follow_one_another(subscription: Asked) -> None:
    overlapping = subscription.one(
        """SELECT count(*) FROM (SELECT *, lead(started_on) OVER (PARTITION BY customer_number ORDER BY started_on) AS next
           FROM {subscriptions}) WHERE next IS NOT NULL AND (ended_on IS NULL OR ended_on >= next)"""
    )
    assert overlapping == (0,)
    assert subscription.one("SELECT count(*) FROM {subscriptions} WHERE ended_on < started_on") == (0,)


def test_a_subscriber_is_alive_exactly_while_a_subscription_runs(subscription: Asked) -> None:
    differ = subscription.one(
        """SELECT count(*) FROM {truth} t JOIN (SELECT customer_number, bool_or(ended_on IS NULL) AS running
           FROM {subscriptions} GROUP BY 1) s ON s.customer_number = t.customer_id WHERE alive_at_end <> running"""
    )
    assert differ == (0,)


def test_upgrades_happen_and_only_upwards(subscription: Asked) -> None:
    ups, downs = subscription.one(
        """SELECT count(*) FILTER (price > before), count(*) FILTER (price < before) FROM (SELECT price,
           lag(price) OVER (PARTITION BY customer_number ORDER BY started_on) AS before FROM {subscriptions})"""
    )
    assert ups > 50  # type: ignore[operator]
    assert downs == 0


# The truth


@pytest.mark.parametrize("horizon", [30, 90, 180, 365])
@pytest.mark.parametrize("what", ["orders", "value"])
def test_what_happened_is_what_was_to_be_expected(asked: Asked, what: str, horizon: int) -> None:
    expected, came = (asked.column(f"{kind}_{what}_{horizon}") for kind in ("expected", "future"))
    error = (came - expected).std() / np.sqrt(len(came))
    assert abs((came - expected).mean()) < 3.5 * error
    # The check has teeth: the tolerance is small beside what is measured.
    assert 3.5 * error < 0.35 * expected.mean()


def test_customers_who_left_bring_nothing_but_refunds(asked: Asked) -> None:
    orders, value, expected = asked.one(
        "SELECT max(future_orders_365), max(future_value_365), max(expected_orders_365) FROM {truth} WHERE NOT alive_at_end"
    )
    assert (orders, expected) == (0, 0.0)
    assert value <= 0  # type: ignore[operator]


def test_what_happened_grows_with_the_horizon(asked: Asked) -> None:
    for shorter, longer in pairwise(HORIZONS):
        assert asked.one(
            f"SELECT count(*) FROM {{truth}} WHERE future_orders_{shorter} > future_orders_{longer} "
            f"OR expected_orders_{shorter} > expected_orders_{longer} + 1e-9"
        ) == (0,)


def test_some_customers_left_and_some_stayed(asked: Asked) -> None:
    (share,) = asked.one("SELECT avg(alive_at_end::INT) FROM {truth}")
    assert 0.3 < share < 0.8  # type: ignore[operator]


def test_better_customers_expect_more(asked: Asked) -> None:
    expected, came = asked.column("expected_value_365"), asked.column("future_value_365")
    assert np.corrcoef(expected, came)[0, 1] > 0.6


def test_a_customer_who_left_stops_buying_in_the_history(subscription: Asked) -> None:
    late = subscription.one(
        """SELECT count(*) FROM {payments} p JOIN (SELECT customer_number, max(ended_on) AS ended FROM {subscriptions}
           GROUP BY 1 HAVING bool_and(ended_on IS NOT NULL)) s USING (customer_number)
           WHERE kind = 'payment' AND paid_at::DATE > ended"""
    )
    assert late == (0,)


def test_accumulate_is_the_sum_it_says() -> None:
    survival = np.array([1.0, 0.99, 0.5])
    sums = accumulate(survival, lambda day: 2.0 * day, (1, 3))
    np.testing.assert_allclose(sums[:, 0], 2.0 * survival)
    np.testing.assert_allclose(sums[:, 1], 2.0 * survival + 4.0 * survival**2 + 6.0 * survival**3)


def test_realised_counts_only_what_lies_within_each_horizon() -> None:
    who, ahead, units = np.array([0, 0, 0, 1, 1]), np.array([0, 30, 31, 365, 366]), np.array([5, 1, 2, 7, 9])
    sums = realised(who, ahead, units, 2)
    assert sums[0].tolist() == [1, *[3] * (len(HORIZONS) - 1)]
    assert sums[1].tolist() == [*[0] * (len(HORIZONS) - 1), 7]


def test_pending_refunds_are_those_that_did_not_come_yet() -> None:
    refunds = Refunds(share=0.5, longest=10)
    pending = refunds.pending(np.array([0, 1]), np.array([0, 9]), np.array([100, 100]), 3)
    assert pending[0, 0] == pytest.approx(50.0)
    # One day is left of ten: 5 % against the 55 % that were not refunded before.
    assert pending[1, 0] == pytest.approx(100 * 0.05 / 0.55)
    assert pending[2].tolist() == [0.0] * len(HORIZONS)


# Campaigns


def test_the_control_group_is_drawn_by_lot(asked: Asked) -> None:
    declared = {"CATALOGUE": 0.25, "NEWS": 0.2, "VOUCHER": 0.3, "LOYALTY": 0.25, "CASHBACK": 0.25, "LETTER": 0.25}
    declared |= {"CONTACTLESS": 0.3, "STAY": 0.3, "TIPS": 0.3, "CALL": 0.3}
    for code, contacts, held in asked.all("SELECT campaign_id, treated + held_out, held_out FROM {campaign_truth}"):
        share = declared[str(code)]
        spread = np.sqrt(share * (1 - share) / contacts)  # type: ignore[operator]
        assert held / contacts == pytest.approx(share, abs=4 * spread)  # type: ignore[operator]


def test_treated_and_held_out_customers_are_alike_before_the_contact(shop: Asked) -> None:
    rates = shop.all(
        "SELECT orders_per_year, control_group FROM {contacts} JOIN {truth} ON customer_id = customer_number"
    )
    rate, held = np.array([r for r, _ in rates], dtype=float), np.array([h for _, h in rates], dtype=bool)
    gap = rate[held].mean() - rate[~held].mean()
    assert abs(gap) < 4 * rate.std() * np.sqrt(1 / held.sum() + 1 / (~held).sum())


def test_the_held_out_cost_nothing_and_do_not_respond(asked: Asked) -> None:
    cost, responses = asked.one("SELECT sum(cost), count(responded_at) FROM {contacts} WHERE control_group")
    assert (cost, responses) == (Decimal(0), 0)
    (treated,) = asked.one("SELECT count(responded_at) FROM {contacts} WHERE NOT control_group")
    assert treated > 10  # type: ignore[operator]


def test_nobody_responds_before_the_contact_or_after_the_history(asked: Asked) -> None:
    assert asked.one(
        "SELECT count(*) FROM {contacts} WHERE responded_at <= sent_at OR responded_at >= DATE '2026-01-01'"
    ) == (0,)


def test_only_customers_of_the_time_are_contacted(asked: Asked) -> None:
    customer, main = CUSTOMER_COLUMN[asked.world.name], asked.main
    when = {"shop": "ordered_at", "bank": "booked_at", "subscription": "paid_at"}[asked.world.name]
    early = asked.one(
        f"""SELECT count(*) FROM {{contacts}} c JOIN (SELECT {customer} AS who, min({when})::DATE AS first FROM {main}
            GROUP BY 1) f ON f.who = c.customer_number WHERE f.first >= c.sent_at::DATE"""
    )
    assert early == (0,)


def test_the_contacts_are_those_the_truth_counts(asked: Asked) -> None:
    written = asked.all("SELECT campaign_code, count(*) FROM {contacts} GROUP BY 1 ORDER BY 1")
    counted = asked.all("SELECT campaign_id, treated + held_out FROM {campaign_truth} ORDER BY 1")
    assert written == counted


def test_a_campaign_brings_about_what_its_effect_promises(asked: Asked) -> None:
    for effect, extra, expected in asked.all(
        "SELECT effect, extra_orders, expected_extra_orders FROM {campaign_truth}"
    ):
        if effect == 0.0:
            assert (extra, expected) == (0, 0.0)
        else:
            # Payments saved come in runs of up to two years, hence the wide margin.
            assert extra == pytest.approx(expected, rel=0.6)


def test_the_true_effect_shows_in_a_comparison_of_the_groups(tmp_path: Path) -> None:
    asked = Asked(simulate("bank", tmp_path, customers=1_500, seed=11, orders_per_customer=120.0))
    compared = asked.all(
        """SELECT control_group, avg(n), stddev(n) / sqrt(count(*)) FROM (
             SELECT c.customer_number, c.control_group, count(m.movement_id) AS n FROM {contacts} c
             LEFT JOIN {movements} m ON m.client_number = c.customer_number AND m.movement_type = 'card payment'
               AND m.booked_at::DATE > c.sent_at::DATE AND m.booked_at::DATE <= c.sent_at::DATE + 60
             WHERE c.campaign_code = 'CASHBACK' GROUP BY 1, 2) GROUP BY 1 ORDER BY 1"""
    )
    (_, treated, error), (_, held_out, other_error) = compared
    (true_gain,) = asked.one("SELECT extra_orders / treated FROM {campaign_truth} WHERE campaign_id = 'CASHBACK'")
    assert true_gain > 0.2  # type: ignore[operator]
    assert abs(treated - held_out - true_gain) < 3 * np.hypot(error, other_error)  # type: ignore[operator, call-overload]
