"""The journey from Python: init, run, demo. Each returns plain objects to go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patron.errors import NothingThere, UsageError
from patron.pipeline.inquiries.doctor import diagnose_workspace
from patron.pipeline.inquiries.prospects import ProspectReport, ProspectTerms, value_prospects
from patron.pipeline.inquiries.rehearsal import Choices, rehearse
from patron.pipeline.runner import Watcher, run_workspace
from patron.quality.doctor.diagnosis import Diagnosis
from patron.releases.contents import Release, load_release
from patron.reports.card_text import card_markdown
from patron.reports.customer import CustomerReport, customer_report
from patron.reports.customer_reasons import ClusterReasons, described_sample, kept_clusters
from patron.reports.model_card import ModelCard
from patron.settings import FILE_NAME, read_settings
from patron.sources.propose import Proposal, propose
from patron.sources.samples import prepare_sample
from patron.sources.toml_text import settings_text
from patron.surfaces.effective import effective_release

Paths = str | Path | Sequence[str | Path]


def init(
    files: Paths,
    workspace: str | Path = ".",
    *,
    profile: str = "retail",
    currency: str | None = None,
    date_format: str | None = None,
    force: bool = False,
) -> Proposal:
    """Propose what each column of raw files means and write the workspace's patron.toml.

    Returns the proposal: the tables, the columns with their confidence, and notes. Raises AmbiguousData where dates
    can be read two ways, BrokenContract where no file holds transactions, UsageError where patron.toml exists.
    """
    proposal = proposed(files, workspace, profile=profile, currency=currency, date_format=date_format, force=force)
    written(proposal, workspace)
    return proposal


def proposed(
    files: Paths, workspace: str | Path, *, profile: str, currency: str | None, date_format: str | None, force: bool
) -> Proposal:
    """What ``init`` would write, before it does; refuses to stand over an existing patron.toml without force."""
    target = Path(workspace) / FILE_NAME
    if target.exists() and not force:
        raise UsageError(
            f"{target} exists already.", to_do="Edit it, or replace it with --force (force=True in Python)."
        )
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    return propose(paths, profile, date_format=date_format, currency=currency)


def written(proposal: Proposal, workspace: str | Path) -> Path:
    """Write a proposal as patron.toml, once it is sure to be readable; gives its path."""
    folder = Path(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{FILE_NAME}"
    draft.write_text(settings_text(proposal, folder), "utf-8")
    read_settings(draft, {})
    return draft.replace(folder / FILE_NAME)


def run(workspace: str | Path = ".", *, again: bool = False, watcher: Watcher | None = None) -> Release:
    """Run a workspace to a published release, and open it."""
    outcome = run_workspace(Path(workspace), again=again, watcher=watcher)
    return load_release(workspace, outcome.release_id)


@dataclass(frozen=True)
class Backtest:
    """What a backtest found: ``card`` holds every figure; printed, or shown in a notebook, it reads as a page."""

    card: ModelCard

    def __str__(self) -> str:
        return card_markdown(self.card)

    def _repr_markdown_(self) -> str:
        return card_markdown(self.card)


def backtest(
    workspace: str | Path = ".",
    *,
    folds: int | None = None,
    horizon: str | None = None,
    models: Sequence[str] = (),
    metric: str | None = None,
    watcher: Watcher | None = None,
) -> Backtest:
    """Test models on a workspace's past: every figure with its error, slices, fairness, calibration. Nothing is published.

    What is not given is as in patron.toml. Raises UnknownName for a model or metric there is not, UsageError for a
    horizon that is no period.
    """
    choices = Choices(folds, horizon, tuple(models), metric)
    return Backtest(rehearse(Path(workspace), choices, watcher=watcher))


def doctor(workspace: str | Path = ".") -> Diagnosis:
    """Look at a workspace's data before modelling: findings, the family of models that suits, the horizon.

    Nothing is modelled or published; a later ``run`` goes on from what was read. ``print`` the diagnosis to read it.
    """
    return diagnose_workspace(Path(workspace))


def prospects(
    workspace: str | Path = ".",
    *,
    horizon: str | None = None,
    since: str | None = None,
    margin_rate: float | None = None,
    discount_rate: float = 0.0,
    required_return: float = 0.0,
) -> ProspectReport:
    """Value a workspace's newcomers by how they came and what they first bought, with what winning one may cost.

    ``report.groups`` holds them by attribute (country, acquisition_channel …), ``report.customers`` one by one, ``report.proof``
    how well that did on newcomers of the past. Raises DataError with too few newcomers, UsageError for a horizon, day or
    rate that cannot be.
    """
    asked = ProspectTerms(horizon, since, margin_rate, discount_rate, required_return)
    return value_prospects(Path(workspace), asked)


def explain(workspace: str | Path, customer_id: str | int, release: str | None = None) -> CustomerReport:
    """Everything a release says of one customer; ``print`` it, or show it in a notebook, to read it.

    What the customer is worth and what that is made of, segments and why, where heading, behaviour, what would lift the
    customer, what people set by hand, and what changed. Raises NothingThere, with ids that look alike, for a customer whom the release does not have.
    """
    return customer_report(effective_release(workspace, release), str(customer_id))


def cluster_of(workspace: str | Path, features: Mapping[str, float], release: str | None = None) -> ClusterReasons:
    """The behavioural cluster of a customer who is not in the release, at once, by the features known of them, with reasons.

    Features are named as in docs/features.md; those not given count as unknown, and ``unknown`` of the answer lists them.
    Raises UnknownName for a feature there is not, UsageError without any that clusters are told by, NothingThere for a
    release without clusters.
    """
    opened = load_release(workspace, release)
    clusters = kept_clusters(opened)
    if clusters is None:
        raise NothingThere(
            f"Release {opened.id} holds no clusters.",
            to_do="segments.clusters must not be off; then 'patron run --again'.",
        )
    return clusters.of_newcomer(features, described_sample(opened, clusters.classifier.names))


def demo(world: str = "complete-journey", workspace: str | Path = "patron-demo", **options: int) -> Release:
    """Prepare sample customers (real households, or a simulated world) and run them.

    Options of simulated worlds: ``customers`` and ``seed``.
    """
    folder = Path(workspace)
    if not (folder / FILE_NAME).exists():
        prepare_sample(world, folder, **options)
    return run(folder)
