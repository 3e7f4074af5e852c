"""The chain of states between two releases, valued where the rows live by the model of the earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patron.errors import DataError, UsageError
from patron.features.between import aged, refunded, stirred, told_again, without_refunds
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.feature import Feature
from patron.features.order_parts import Present
from patron.models.arrays import Flags, Integers
from patron.models.customers import ALL_COLUMNS, FittedValueModel
from patron.models.valuing.installed import value_model
from patron.models.valuing.stored import read_model
from patron.periods import day_number
from patron.releases.contents import FEATURES, SCORES, Release
from patron.scores.bridge import Bridge, States, bridge_of, ten_thousandths, undivided_bridge
from patron.scores.valuing import WORTH, Valuing, aligned, worth_of
from patron.warehouse import Warehouse

_ROWS: Final = 50_000
_LEAST: Final = 2
_SHARE: Final = 1e-5
"""By so much a model that was read back may differ, from one processor to the next: ten-thousandths, or a share."""
_CONTRACT: Final = ("value.basis", "value.margin_rate", "value.refunds")
_WORTH: Final = ("work", "bridge_worth")
_KEYS: Final = ("as_of_day", "customer_id")


@dataclass(frozen=True)
class Later:
    """The later side of a bridge: its published values, and the tables that its customers are described from.

    ``features`` are those of its day for its own horizon, where they are at hand; ``settings`` what it was run with.
    """

    warehouse: Warehouse
    prepared: Mapping[str, ir.Table]
    present: Present
    day: int
    horizon_days: int
    published: pa.Table
    settings: Mapping[str, str]
    features: ir.Table | None
    say: Callable[[str], None]
    own: pa.Table | None = None


@dataclass(frozen=True)
class _OldModel:
    """The earlier release's model, ready to value any day, and what it looks at."""

    fitted: FittedValueModel
    features: tuple[Feature, ...]
    horizon_days: int
    day: int


def build_bridge(earlier: Release, later: Later, own_before: pa.Table | None = None) -> Bridge:
    """The bridge from a release to a later side; one that is not divided where the earlier model cannot be asked.

    ``own_before`` and ``later.own`` are what the models made by themselves, where people's overrides stand in the
    published values: (customer_id, expected_value).
    """
    ends = _ends(earlier, later, own_before)
    old = _old_model(earlier, later)
    if isinstance(old, str):
        return undivided_bridge(ends, old)
    later.say("Value what lies between the releases …")
    reread, _ = aligned(worth_of(_kept_features(earlier), Valuing(old.fitted, old.day)), ends.customer_id)
    unlike = _unlike(reread, ends.own_before)
    if unlike:
        return undivided_bridge(ends, f"as it was kept, the earlier model values {unlike:,} customers otherwise")
    return bridge_of(_chain(replace(ends, reread=reread), old, later))


def published_values(release: Release) -> pa.Table:
    """What a release says each customer is worth: (customer_id, expected_value)."""
    return pq.read_table(release.folder / SCORES, columns=["customer_id", "expected_value"])


def settings_of(release: Release) -> dict[str, str]:
    """The settings that a release was run with, as its model card tells them; one from before there were cards tells none."""
    return dict(release.model_card().get("provenance", {}).get("settings", {}))


def _old_model(earlier: Release, later: Later) -> _OldModel | str:
    """The earlier release's model, or why it cannot be asked about other days."""
    manifest, settings = earlier.manifest, settings_of(earlier)
    changed = [name for name in _CONTRACT if settings.get(name, later.settings.get(name)) != later.settings.get(name)]
    if changed:
        return f"what counts as value has changed ({', '.join(changed)})"
    try:
        fitted = read_model(earlier.model_artifacts(), manifest.champion, manifest.horizon_days)
        inputs = value_model(manifest.champion).inputs
    except (DataError, UsageError) as error:
        return f"the model of the earlier release cannot be asked: {error.what.rstrip('.')}"
    names = pq.read_schema(earlier.folder / FEATURES).names
    features = tuple(feature for feature in available_features(later.present) if feature.name in names)
    needed = set(names if inputs == ALL_COLUMNS else inputs) - {*_KEYS}
    missing = sorted(needed - {feature.name for feature in features})
    if missing:
        return f"the model of the earlier release reads what is no longer there ({', '.join(missing)})"
    return _OldModel(fitted, features, manifest.horizon_days, day_number(date.fromisoformat(manifest.as_of)))


def _ends(earlier: Release, later: Later, own_before: pa.Table | None) -> States:
    """The chain with nothing but its ends."""
    before, now = _worth(published_values(earlier)), _worth(later.published)
    ids = pa.chunked_array([*before["customer_id"].chunks, *now["customer_id"].chunks], pa.string()).unique().sort()
    (was, known_before), (is_now, known_now) = aligned(before, ids), aligned(now, ids)
    own_was, _ = (was, known_before) if own_before is None else aligned(_worth(own_before), ids)
    own_now, _ = (is_now, known_now) if later.own is None else aligned(_worth(later.own), ids)
    between = dict.fromkeys(("reread", "told_again", "aged", "bought", "seen_anew"), own_was)
    return States(ids, known_before, known_now, was, own_was, own_now=own_now, now=is_now, **between)


def _chain(ends: States, old: _OldModel, later: Later) -> States:
    """All states. Of customers of whom nothing happened in between most are alike: only the others are described anew."""
    prepared, ids, days = later.prepared, ends.customer_id, (old.day, later.day)
    described = (old.horizon_days, old.features)
    then, now = Valuing(old.fitted, old.day), Valuing(old.fitted, later.day)
    told = _valued(later, told_again(prepared, old.day, *described), then, ids)
    seen = _valued(later, _seen_anew(old, later), now, ids)
    who = stirred(prepared, *days)
    older = _valued(later, aged(prepared, *days, *described, customers=who), now, ids)
    givers = refunded(prepared, *days)
    bought = _valued(later, without_refunds(prepared, *days, *described, customers=givers), now, ids)
    return replace(
        ends,
        told_again=told,
        seen_anew=seen,
        aged=np.where(_among(later, who, ids), older, seen),
        bought=np.where(_among(later, givers, ids), bought, seen),
    )


def _seen_anew(old: _OldModel, later: Later) -> ir.Table:
    """The later day as the earlier model looks at it: for its horizon, and by the features that it knew."""
    if later.features is None or later.horizon_days != old.horizon_days:
        return customer_features(later.prepared, [later.day], old.horizon_days, old.features)
    return later.features.select(*_KEYS, *(feature.name for feature in old.features))


def _valued(later: Later, features: ir.Table, valuing: Valuing, customer_id: pa.Array) -> Integers:
    later.warehouse.map_rows(*_WORTH, features, valuing, WORTH)
    worth = later.warehouse.fetch(later.warehouse.table(*_WORTH))
    later.warehouse.drop(*_WORTH)
    return aligned(worth, customer_id)[0]


def _among(later: Later, customers: ir.Table, customer_id: pa.Array) -> Flags:
    """Which of these customers the others are among."""
    chosen = later.warehouse.fetch(customers)["customer_id"].combine_chunks()
    return np.asarray(pc.is_in(customer_id, chosen).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _kept_features(release: Release) -> Iterator[pa.RecordBatch]:
    """The features that a release's values were made from, as they were published."""
    with pq.ParquetFile(release.folder / FEATURES) as file:
        yield from file.iter_batches(_ROWS)


def _worth(published: pa.Table) -> pa.Table:
    values = ten_thousandths(published["expected_value"].to_numpy())
    return pa.table({"customer_id": published["customer_id"].cast(pa.string()), "worth": values}, WORTH)


def _unlike(reread: Integers, published: Integers) -> int:
    """How many customers the model that was read back values otherwise than it did."""
    allowed = np.maximum(_LEAST, np.abs(published) * _SHARE)
    return int(np.count_nonzero(np.abs(reread - published) > allowed))
