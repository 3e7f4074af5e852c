"""How long it takes to find segments among a million customers and to assign them all, and how true the shortcut is.

    python benchmarks/clusters.py 1000000

makes that many customers of six overlapping ways of buying (seeded, 24 features of the catalogue), finds segments on a
sample by the hash of their ids, assigns everybody by the classifier, and prints the seconds of each part and the adjusted
Rand index against full K-Means: the same k, the same space, every customer.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from patron.models.arrays import Floats
from patron.segments.clusters.algorithms import centres
from patron.segments.clusters.auto import choose
from patron.segments.clusters.classifier import learn_classifier
from patron.segments.clusters.criteria import rand_index
from patron.segments.clusters.found import MOST_ROWS, find_clusters
from patron.segments.clusters.ordering import canonical_order, id_hashes, sampled
from patron.segments.clusters.profiles import profiles_of
from patron.segments.clusters.space import cluster_columns, learn_space

# Of each way of buying: share, orders a year, days since the last, log of an order's value, discount, refunds, breadth.
TYPES = (
    (0.30, 1.5, 300.0, 3.2, 0.10, 0.02, 2.0),
    (0.22, 5.0, 60.0, 3.0, 0.15, 0.03, 5.0),
    (0.14, 16.0, 20.0, 3.6, 0.05, 0.02, 14.0),
    (0.16, 5.0, 90.0, 2.4, 0.55, 0.04, 4.0),
    (0.08, 3.0, 120.0, 5.0, 0.05, 0.05, 3.0),
    (0.10, 8.0, 45.0, 3.8, 0.20, 0.35, 8.0),
)


def customers(count: int, seed: int = 5) -> tuple[dict[str, Floats], Floats]:
    """So many customers' features, and what each is worth."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(TYPES), count, p=[one[0] for one in TYPES])
    rate, pause, size, discount, refunds, breadth = (
        np.array(side)[kind] for side in list(zip(*TYPES, strict=True))[1:]
    )
    tenure = rng.uniform(90, 1400, count)
    orders = 1.0 + rng.poisson(rate * tenure / 365 * rng.gamma(4, 0.25, count))
    since = np.minimum(rng.gamma(1.5, pause / 1.5), tenure)
    order_value = np.exp(size + 0.45 * rng.standard_normal(count))
    value = orders * order_value * np.exp(0.15 * rng.standard_normal(count))
    recent = np.where(since < 365, rng.binomial(orders.astype(np.int64), np.minimum(365 / tenure, 1.0)), 0).astype(
        float
    )
    fresh = rng.binomial(recent.astype(np.int64), 0.25).astype(float)
    mean_gap = np.where(orders > 1, (tenure - since) / np.maximum(orders - 1, 1), np.nan)
    quarters = rng.dirichlet((2, 2, 2, 3), count)
    shares = {f"quarter_{place + 1}_share": quarters[:, place].copy() for place in range(4)}
    return {
        "days_since_last_purchase": since,
        "gap_ratio": since / np.maximum(mean_gap, 1.0),
        "T": tenure,
        "orders": orders,
        "purchase_days": np.maximum(orders - rng.poisson(0.1, count), 1),
        "mean_gap": mean_gap,
        "gap_variation": np.where(orders > 2, rng.gamma(4, 0.2, count), np.nan),
        "historic_value": value,
        "value_365d": recent * order_value,
        "orders_365d": recent,
        "orders_90d": fresh,
        "mean_order_value": order_value,
        "max_order_value": order_value * (1 + 0.3 * np.log(orders) * rng.random(count)),
        "orders_trend_365d": np.where(recent > 0, rng.beta(3, 3, count), np.nan),
        "products": 1.0 + rng.poisson(breadth * np.sqrt(orders)),
        "categories": 1.0 + rng.binomial(9, np.minimum(breadth / 16, 0.9)),
        "refund_share": np.where(rng.random(count) < 0.2 + refunds, rng.beta(2, 8, count) * (0.3 + 2 * refunds), 0.0),
        "discount_share": rng.beta(6 * discount + 0.3, 6 * (1 - discount), count),
        "weekend_share": rng.beta(2, 4, count),
        "main_channel_share": 0.5 + 0.5 * rng.beta(3, 2, count),
        **shares,
    }, value * rng.gamma(3, 1 / 3, count)


def main(count: int) -> None:
    columns, value = customers(count)
    ids = np.arange(count)
    print(f"{count:,} customers, {len(columns)} features, learnt from at most {MOST_ROWS:,}")
    started = perf_counter()
    found = find_clusters(columns, value, ids, seed=1)
    whole = perf_counter() - started
    print(f"all together {whole:.1f} s, of which")
    parts(columns, value, ids)
    print(f"{found.choice.verdict}: {found.choice.sentence}")
    print(found.classifier.words)
    for profile in found.profiles:
        print(f"  {profile.name}: {profile.sentence}")
    points = found.space.places(columns)
    full = KMeans(found.k, init=centres(points, found.labels), n_init=1, random_state=1).fit_predict(points)
    anew = KMeans(found.k, n_init=3, random_state=1).fit_predict(points)
    print(f"adjusted Rand index against full K-Means, begun at these segments: {rand_index(full, found.labels):.3f}")
    print(f"adjusted Rand index against full K-Means, begun anew: {rand_index(anew, found.labels):.3f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def parts(columns: dict[str, Floats], value: Floats, ids: NDArray[np.int64]) -> None:
    """The parts of ``find_clusters`` one by one, with the seconds each takes."""
    clock = [perf_counter()]

    def told(part: str) -> None:
        clock.append(perf_counter())
        print(f"  {part:<34}{clock[-1] - clock[-2]:6.1f} s")

    names = cluster_columns(columns)
    hashes = id_hashes(ids)
    rows = sampled(hashes, MOST_ROWS)
    rows = rows[canonical_order(hashes[rows])]
    some = {name: columns[name][rows] for name in names}
    told("customers drawn by hash")
    space = learn_space(some, names)
    points = space.places(some)
    told("space learnt, sample placed")
    choice = choose(points, value[rows], 1, hashes=hashes[rows])
    told("groupings compared, one fitted")
    classifier = learn_classifier(some, names, choice.labels, 1, hashes[rows])
    told("classifier tested and grown")
    labels, _ = classifier.assign(columns)
    told("everybody assigned")
    profiles_of(space, columns, labels, value)
    told("segments described")
    tested = {name: column[:20_000] for name, column in columns.items()}
    classifier.reasons(tested, labels[:20_000])
    told("(besides: reasons of 20,000)")
    print(f"  {classifier.faithfulness(columns).words}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
