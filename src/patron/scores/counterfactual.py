"""What would become of a customer who bought a few more times: the fewest orders that reach a value, told in a sentence.

The fitted model is asked about the customer as the later day would find it (``more_purchases``). It says what customers
described so are worth on average. It does not say that the orders come about, nor that whoever is moved to place them is
then like those who did so unmoved.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.customers import Customers, FittedValueModel
from patron.periods import day_of
from patron.scores.amounts import in_words
from patron.scores.more_purchases import usual_order_value, with_purchases

MOST_ORDERS: Final = 10
_SAME: Final = 0.005


@dataclass(frozen=True)
class WayUp:
    """How many more orders by a day would bring a customer's expected value to a threshold.

    ``orders`` is 0 where none is needed and None where ``tried`` are too few. Values are money over the horizon: expected
    today, on the day ``without`` an order, and on the day ``with_orders`` (as many as tried where those are too few).
    ``amount`` is money per order, ``day`` a day number.
    """

    customer_id: str
    day: int
    threshold: float
    orders: int | None
    tried: int
    amount: float
    value_now: float
    without: float
    with_orders: float

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON; the day as 2011-03-01."""
        return asdict(self) | {"day": day_of(self.day).isoformat()}


def fewest_orders_for(
    fitted: FittedValueModel,
    customer: Customers,
    threshold: float,
    day: int,
    horizon_days: int,
    amount: float | None = None,
    most: int = MOST_ORDERS,
) -> WayUp:
    """The fewest orders, spread until a day, with which the customer is worth a threshold on that day.

    ``customer`` is one row of features; ``amount`` is money per order, by default what its orders usually come to;
    ``horizon_days`` is the horizon that features and model were made for. Raises DataError for a customer without an order of
    its own when no amount is given, and for more or fewer than one row; UsageError for a day that is not later.
    """
    if len(customer) != 1:
        raise DataError(f"{len(customer)} customers were given.", allowed="One at a time.")
    each = float(usual_order_value(customer)[0]) if amount is None else float(amount)
    if not np.isfinite(each):
        raise DataError(
            f"Customer {customer.customer_id[0]} has not ordered yet.",
            to_do="Say what an order should come to: amount.",
        )
    most = max(1, min(most, day - customer.as_of_day))
    values = _values(fitted, customer, np.array([each]), day, horizon_days, most)
    reached = np.flatnonzero(values >= threshold)
    orders = int(reached[0]) if reached.size else None
    return WayUp(
        customer_id=str(customer.customer_id[0]),
        day=day,
        threshold=float(threshold),
        orders=orders,
        tried=most,
        amount=each,
        value_now=float(fitted.predict(customer).expected_value[0]),
        without=float(values[0]),
        with_orders=float(values[most if orders is None else orders]),
    )


def _values(
    fitted: FittedValueModel, customer: Customers, amount: Floats, day: int, horizon_days: int, most: int
) -> Floats:
    """The expected value on the day after 0, 1, … ``most`` orders; the model is asked once."""
    after = [with_purchases(customer, n, amount, day, horizon_days) for n in range(most + 1)]
    columns = {name: np.concatenate([one.columns[name] for one in after]) for name in customer.columns}
    return fitted.predict(Customers(day, np.arange(most + 1), columns)).expected_value


def way_up_sentence(way: WayUp, tier_now: str, tier_then: str, currency: str = "") -> str:
    """The same for people: how many orders of what size by when lift the customer from tier to tier."""
    on = day_of(way.day)
    by = f"{on.day} {on:%B %Y}"
    values = f"(expected value {in_words(way.value_now, currency)} → {in_words(way.with_orders, currency)})"
    if way.orders == 0:
        return f"{way.customer_id} needs no further order to be {tier_then} by {by} {values}."
    count = way.tried if way.orders is None else way.orders
    orders = f"{count} more order{'s' if count != 1 else ''} of about {in_words(way.amount, currency)} by {by}"
    from_to = f"{way.customer_id} from {tier_now} to {tier_then}"
    lift = f"{orders} would lift {from_to}"
    if way.orders is None:
        lift = f"Even {orders} would not lift {from_to}"
    return f"{lift} {values}; without any, it would {_course(way, currency)}."


def _course(way: WayUp, currency: str) -> str:
    told = in_words(way.without, currency)
    if abs(way.without - way.value_now) <= _SAME * max(abs(way.value_now), 1.0):
        return f"stay at {told}"
    return f"{'fall' if way.without < way.value_now else 'rise'} to {told}"
