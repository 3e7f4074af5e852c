"""The SQL of queries asked lately. Wording one takes longer than running it over a small table, and runs ask the same ones again."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

import ibis.expr.types as ir
from ibis.expr.operations import Node

_MOST: Final = 1000
"""A run asks some 300 different queries, which with their SQL take less than 10 MB."""


class Worded:
    """What a dialect's queries became, for all warehouses of a process; two queries are the same if every name, type and value in them is."""

    def __init__(self) -> None:
        self._sql: dict[Node, str] = {}
        self._lock = Lock()

    def sql(self, query: ir.Expr, word: Callable[[ir.Expr], str]) -> str:
        """The query's SQL: as it was worded before, or worded now."""
        asked = query.op()
        with self._lock:
            known = self._sql.pop(asked, None)
        sql = known if known is not None else word(query)
        with self._lock:
            self._sql[asked] = sql  # the newest are last
            if len(self._sql) > _MOST:
                del self._sql[next(iter(self._sql))]
        return sql
