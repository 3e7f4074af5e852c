"""Clusters of a run: found on the customers learnt from, matched with those of the release before, and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.customers import Customers
from patron.pipeline.modelling.backtest import recalled_plan
from patron.pipeline.step import Run
from patron.releases.contents import MODELS, SEGMENT_MODELS, Release
from patron.segments.clustered import NO_CLUSTER, Clustered
from patron.segments.clusters.classifier import Classifier
from patron.segments.clusters.facets import cluster_columns
from patron.segments.clusters.found import Clusters, find_clusters, score_of
from patron.segments.clusters.matching import match
from patron.segments.clusters.profiles import profiles_of

ARTIFACTS: Final = ("work", "cluster_artifacts")
KEPT_AS: Final = "clusters_kept.json"
FEWEST: Final = 50
REASONS_TRIED, OPINIONS_ASKED = 400, 12
HARDLY: Final = 0.05
"""So much better, on the scale of the criteria together, another grouping must be for customers to be regrouped."""


@dataclass(frozen=True, eq=False)
class Found:
    """Clusters with the identity they keep: ids and names by label, and the id that the next new cluster takes.

    ``kept_since`` is the day of the release whose clusters these still are; empty where they were found in this run.
    ``choice`` is how they were chosen, of the day on which they were found; empty where that was not kept.
    """

    clusters: Clusters
    clustered: Clustered
    fresh: tuple[int, ...]
    gone: tuple[str, ...]
    next_id: int
    choice: dict[str, Any]  # Any: plain data
    kept_since: str = ""


def cluster(run: Run, some: Customers, before: ir.Table, earlier: Release | None) -> Found | str:
    """The clusters of these customers, or why none are looked for, in words."""
    settings = run.settings.segments
    why = _why_none(settings.clusters, some)
    if why:
        return why
    ids = [str(one) for one in some.customer_id]
    # Without hysteresis every label is made anew, names and ids among them: nothing hangs on what was before.
    kept = kept_clusters(earlier) if settings.hysteresis else {}

    def found(algorithm: str, k: int | None) -> Clusters:
        value, seed = np.nan_to_num(some.column("trailing_value")), run.settings.models.seed
        return find_clusters(some.columns, value, ids, algorithm=algorithm, k=k, seed=seed, map_by=settings.cluster_map)

    clusters = found(settings.clusters, settings.cluster_count or None)
    return _still_good(run, clusters, some, earlier, kept) or _with_identity(run, clusters, ids, before, kept)


def _why_none(asked: str, some: Customers) -> str:
    """Why no clusters are looked for, in words; empty where they are."""
    if asked == "off":
        return 'segments.clusters = "off"'
    if len(some) < FEWEST:
        return f"{len(some)} customers are too few to tell how they group; at least {FEWEST} are needed"
    names = cluster_columns(some.columns)
    if all(
        np.nanmax(some.column(name), initial=-np.inf) <= np.nanmin(some.column(name), initial=np.inf) for name in names
    ):
        return "all customers behave alike"
    return ""


def _still_good(
    run: Run,
    clusters: Clusters,
    some: Customers,
    earlier: Release | None,
    kept: dict[str, Any],  # Any: plain data
) -> Found | None:
    """The clusters of the release before, told of today's customers, unless the new ones are clearly better."""
    chosen = clusters.choice.chosen
    files = segment_artifacts(earlier) if earlier and kept else {}
    if chosen is None or not files or not earlier or kept.get("asked") != _asked(run):
        return None
    classifier = Classifier.from_bytes(files)
    if not set(classifier.names) <= set(some.columns):
        return None
    labels, probability = classifier.assign(some.columns)
    if not 1 < classifier.k == len(np.unique(labels)):
        return None
    value = np.nan_to_num(some.column("trailing_value"))
    if score_of(clusters, some.columns, value, labels, [str(one) for one in some.customer_id]) < chosen.score - HARDLY:
        return None
    profiles = profiles_of(clusters.space, some.columns, labels, value)
    as_before = replace(clusters, classifier=classifier, labels=labels, probability=probability, profiles=profiles)
    ids, names = kept["ids"], kept["names"]
    clustered = Clustered(
        classifier, tuple(ids), tuple(names[str(one)] for one in ids), run.settings.segments.hysteresis, anew=False
    )
    since = kept["kept_since"] or earlier.manifest.as_of
    return Found(as_before, clustered, (), (), kept["next_id"], kept.get("choice", {}), since)


def _asked(run: Run) -> list[object]:
    """What clusters are asked for, and over which horizon values are told: with another answer they are found anew."""
    settings = run.settings.segments
    return [settings.clusters, settings.cluster_count, recalled_plan(run).horizon_days]


def _with_identity(
    run: Run,
    clusters: Clusters,
    ids: list[str],
    before: ir.Table,
    kept: dict[str, Any],  # Any: plain data
) -> Found:
    """Ids that clusters had before where they hold the same customers, with the names that they had."""
    told = run.warehouse.fetch(before.select("customer_id", "before_cluster_id").limit(None if kept else 0))
    told = told.filter(pc.is_in(told["customer_id"].cast(pa.string()), pa.array(ids, pa.string())))
    known = zip(told["customer_id"].to_pylist(), told["before_cluster_id"].to_pylist(), strict=True)
    previous = {str(one): NO_CLUSTER if label is None else int(label) for one, label in known}
    matching = match(previous, dict(zip(ids, clusters.labels.tolist(), strict=True)), kept.get("next_id"))
    held = {int(one): name for one, name in kept.get("names", {}).items()}
    lasting_ids = tuple(matching.ids.get(label, matching.next_id + label) for label in range(clusters.k))
    names = lasting_names(lasting_ids, [profile.name for profile in clusters.profiles], held)
    clustered = Clustered(clusters.classifier, lasting_ids, tuple(names), run.settings.segments.hysteresis)
    gone = tuple(held.get(one, str(one)) for one in matching.gone)
    next_id = max(matching.next_id, *(one + 1 for one in lasting_ids))
    return Found(clusters, clustered, matching.fresh, gone, next_id, clusters.choice.to_dict())


def lasting_names(ids: Sequence[int], proposed: Sequence[str], held: Mapping[int, str]) -> list[str]:
    """The name of each cluster: the one it had; of a new one the proposed, numbered while another has or just had it."""
    taken = set(held.values())
    names = []
    for one, name in zip(ids, proposed, strict=True):
        if one in held:
            names.append(held[one])
            continue
        free = (
            name
            if name not in taken
            else next(told for told in (f"{name} ({number})" for number in count(2)) if told not in taken)
        )
        taken.add(free)
        names.append(free)
    return names


def kept_clusters(earlier: Release | None) -> dict[str, Any]:  # Any: plain data
    """Ids and names of a release's clusters; nothing for a release without."""
    files = segment_artifacts(earlier) if earlier else {}
    return dict(json.loads(files[KEPT_AS])) if KEPT_AS in files else {}


def segment_artifacts(release: Release) -> dict[str, bytes]:
    """The files that a release's clusters are kept as; nothing for a release without."""
    folder = release.folder / MODELS / SEGMENT_MODELS
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.is_dir() else {}


def keep_artifacts(run: Run, found: Found | None) -> None:
    """Write work.cluster_artifacts: the classifier, the space, and the names that clusters keep."""
    files = dict(found.clusters.artifacts()) if found else {}
    if found:
        names = dict(zip(map(str, found.clustered.ids), found.clustered.names, strict=True))
        kept = {
            "names": names,
            "ids": list(found.clustered.ids),
            "next_id": found.next_id,
            "asked": _asked(run),
            "kept_since": found.kept_since,
            "choice": found.choice,
        }
        files[KEPT_AS] = json.dumps(kept, sort_keys=True, indent=1).encode()
    names_kept = sorted(files)
    bodies = {"name": pa.array(names_kept, pa.string()), "body": pa.array([files[n] for n in names_kept], pa.binary())}
    run.warehouse.replace(*ARTIFACTS, pa.table(bodies))


def told_clusters(found: Found | None, some: Customers) -> dict[str, Any] | None:  # Any: plain data
    """What was found, for reports: the choice, the profiles with lasting ids and names, the map, and whether reasons hold."""
    if found is None:
        return None
    told = found.clusters.to_dict()
    profiles = [
        {**profile.to_dict(), "id": found.clustered.ids[profile.label], "name": found.clustered.names[profile.label]}
        for profile in found.clusters.profiles
    ]
    kept = {
        "choice": _told_choice(found),
        "fresh": list(found.fresh),
        "gone": list(found.gone),
        "kept_since": found.kept_since,
    }
    return {
        **told,
        "k": found.clusters.classifier.k,
        "profiles": profiles,
        **kept,
        "reasons": _tested_reasons(found.clustered.classifier, some),
    }


def _told_choice(found: Found) -> dict[str, Any]:  # Any: plain data
    """How the clusters were chosen, on the day on which they were found; where that is not known, what a search gives today."""
    if not found.kept_since:
        return found.choice
    searched = found.clusters.choice.to_dict()
    kept = (
        f"The {found.clustered.classifier.k} clusters found on {found.kept_since} are kept, since new ones would not be clearly "
        "better"
    )
    if not found.choice:
        return {**searched, "sentence": f"{kept}; a search today gives: {searched['sentence']}"}
    then = {**found.choice, "tried_on": found.kept_since}
    return {**then, "sentence": f"{kept}. On that day they were chosen so: {found.choice['sentence']}"}


def _tested_reasons(classifier: Classifier, some: Customers) -> dict[str, Any] | None:  # Any: plain data
    """Whether the strongest reason really carries the cluster, and how far a second opinion agrees; None for one cluster."""
    if classifier.k < 2:
        return None
    rows = np.unique(np.linspace(0, len(some) - 1, REASONS_TRIED).astype(np.int64))
    columns = {name: some.column(name)[rows] for name in classifier.names}
    faithful = classifier.faithfulness(columns)
    few = range(0, len(rows), max(1, len(rows) // OPINIONS_ASKED))
    opinions = [classifier.second_opinion(columns, row) for row in few]
    return {**asdict(faithful), "words": faithful.words, "second_opinion": float(np.mean(opinions))}
