"""What a release needs beside its models to value data that is sent, gathered from the run."""

from __future__ import annotations

from patron.models.validation.conformal import Intervals
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.step import Run
from patron.scores.by_data.contract import DataContract, ScoringFacts, contract_of


def data_contract(run: Run) -> DataContract:
    """How rows were read and counted, and what one customer is measured by."""
    intervals = run.recall("intervals")
    facts = ScoringFacts(
        Intervals.from_dict(intervals) if intervals else None,
        run.recall("usual_value"),
        run.recall("usual_history"),
    )
    return contract_of(run.settings, mapped_columns(run), facts, run.recall("labels"))
