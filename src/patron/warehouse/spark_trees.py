"""Boosted trees grown by Spark's executors together: each holds its part of the rows, and only sums travel."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from warnings import catch_warnings, simplefilter

from patron.warehouse.growing import Growth

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# xgboost.spark takes the names of its scikit-learn manner, and refuses threads: a task has as many as Spark gives it.
_NAMES: Final = {"eta": "learning_rate", "lambda": "reg_lambda", "alpha": "reg_alpha"}
_OF_THE_ENGINE: Final = ("nthread",)
_LOGGER: Final = "XGBoost-PySpark"


def grow(frame: DataFrame, growth: Growth) -> bytes:
    """Trees for the rows of a query; every processor of the cluster takes part."""
    from xgboost.spark import SparkXGBRegressor

    context = frame.sparkSession.sparkContext
    # Any: XGBoost's own parameters.
    options: Any = {
        _NAMES.get(name, name): value for name, value in growth.options.items() if name not in _OF_THE_ENGINE
    }
    # The regressor is the general learner: with objective binary:logistic it answers chances, as xgboost.train does.
    learner = SparkXGBRegressor(
        features_col=list(growth.inputs),
        label_col=growth.target,
        weight_col=growth.weight,
        num_workers=context.defaultParallelism,
        n_estimators=growth.rounds,
        random_state=growth.seed,
        verbose=False,
        **options,
    )
    with _quiet():
        booster: Any = learner.fit(frame).get_booster()
    # The models ask by position, and say which column stands where in files of their own.
    booster.feature_names = booster.feature_types = None
    return bytes(booster.save_raw("ubj"))


@contextmanager
def _quiet() -> Iterator[None]:
    """xgboost.spark tells its progress as logs, and leaves sockets to the garbage collector."""
    logger = logging.getLogger(_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with catch_warnings():
            simplefilter("ignore", ResourceWarning)
            yield
    finally:
        logger.setLevel(level)
