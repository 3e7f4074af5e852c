"""Segments described: how many, what they bring, what sets them apart, in figures and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from patron.features.words import words_of
from patron.models.arrays import Floats, Integers, blocks
from patron.models.valuing.feature_matrix import column_of
from patron.segments.clusters.explanations import because, listed
from patron.segments.clusters.facets import facet_of
from patron.segments.clusters.naming import names_of
from patron.segments.clusters.space import Space

__all__ = ["Profile", "Trait", "because", "profiles_of"]

TOLD_FROM: Final = 0.3
"""A feature sets a segment apart from this difference on, in standard deviations of everybody."""
MOST_TOLD: Final = 3


@dataclass(frozen=True)
class Trait:
    """One feature of a segment against everybody: ``difference`` of means in standard deviations, and its words."""

    feature: str
    difference: float
    high: bool
    phrase: str


@dataclass(frozen=True)
class Profile:
    """One segment: its label and name, how many, what they bring, and every feature by how much it sets it apart.

    ``share`` is of customers, ``value_share`` of all value (None where that is not above zero).
    """

    label: int
    name: str
    size: int
    share: float
    value: float
    mean_value: float
    value_share: float | None
    traits: tuple[Trait, ...]
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """The profile as plain data, for JSON."""
        return asdict(self)


def profiles_of(space: Space, columns: Mapping[str, Floats], labels: Integers, value: Floats) -> tuple[Profile, ...]:
    """A profile of each segment from label 0 on; customers of no segment (−1) count as everybody, and in no profile.

    Differences are of means on the space's scale, in which one customer cannot weigh like thousands.
    """
    count = int(labels.max(initial=0)) + 1
    differences = _differences(space, columns, labels, count)
    traits = [_traits(space.names, row) for row in differences]
    names = names_of([[(trait.feature, trait.high) for trait in _told(one)] for one in traits])
    member = labels >= 0
    sizes = np.bincount(labels[member], minlength=count)
    totals = np.bincount(labels[member], value[member], minlength=count)
    whole = float(totals.sum())
    return tuple(
        _profile(label, names[label], int(sizes[label]), len(labels), float(totals[label]), whole, traits[label])
        for label in range(count)
    )


def _profile(
    label: int, name: str, size: int, customers: int, total: float, whole: float, traits: tuple[Trait, ...]
) -> Profile:
    share = size / customers if customers else 0.0
    value_share = total / whole if whole > 0 else None
    sentence = _sentence(share, value_share, _told(traits))
    return Profile(label, name, size, share, total, total / size if size else 0.0, value_share, traits, sentence)


def _sentence(share: float, value_share: float | None, told: Sequence[Trait]) -> str:
    if share == 1:
        return "All customers: no group among them stands out."
    brought = "" if value_share is None else f", who brought {_percent(value_share)} of recent value"
    phrases = [trait.phrase for trait in told][:MOST_TOLD] or ["are much like everybody"]
    return f"{_percent(share)} of customers{brought}: they {listed(phrases)}."


def _percent(share: float) -> str:
    # A share below zero is of money given back: next to nothing is written as nothing.
    rounded = round(share, 2 if not 0 < share < 0.01 else 3) + 0.0
    return f"{rounded:.0%}" if not 0 < share < 0.01 else f"{rounded:.1%}"


def _told(traits: Sequence[Trait]) -> list[Trait]:
    """The traits worth telling, one of each facet: the largest differences first, telling facets before others."""
    facets: dict[str, Trait] = {}
    for trait in sorted(traits, key=lambda trait: -abs(trait.difference) * facet_of(trait.feature)[1]):
        if abs(trait.difference) >= TOLD_FROM:
            facets.setdefault(facet_of(trait.feature)[0], trait)
    return list(facets.values())


def _traits(names: Sequence[str], differences: Floats) -> tuple[Trait, ...]:
    found = []
    for place in np.argsort(-np.abs(differences), kind="stable"):
        high = bool(differences[place] > 0)
        words = words_of(names[place])
        found.append(Trait(names[place], float(differences[place]), high, words.high if high else words.low))
    return tuple(found)


def _differences(space: Space, columns: Mapping[str, Floats], labels: Integers, count: int) -> Floats:
    """Each segment's mean less everybody's, in standard deviations of everybody, (segments, features)."""
    width = len(space.names)
    sums, all_sums, squares = np.zeros((count, width)), np.zeros(width), np.zeros(width)
    for rows in blocks(len(labels)):
        standard = space.standard({name: column_of(columns, name)[rows] for name in space.reads})
        all_sums += standard.sum(axis=0)
        squares += (standard**2).sum(axis=0)
        here = labels[rows]
        for label in range(count):
            sums[label] += standard[here == label].sum(axis=0)
    mean = all_sums / max(len(labels), 1)
    spread = np.sqrt(np.maximum(squares / max(len(labels), 1) - mean**2, 1e-12))
    sizes = np.maximum(np.bincount(labels[labels >= 0], minlength=count), 1)
    differences: Floats = (sums / sizes[:, None] - mean) / spread
    return np.where(np.bincount(labels[labels >= 0], minlength=count)[:, None] > 0, differences, 0.0)
