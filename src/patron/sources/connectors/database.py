"""The connector ``database``: a table or a query of PostgreSQL, MySQL or MariaDB, SQLite or DuckDB, over a DSN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from patron.errors import BrokenContract, UsageError
from patron.sources.connectors.connector import Fetched, Options, Request
from patron.sources.connectors.dsn import Dsn, parsed_dsn
from patron.sources.connectors.incremental import IncrementalOptions
from patron.sources.connectors.session import Columns, Session
from patron.sources.connectors.sql_query import Question, statement, table_parts
from patron.sources.connectors.watermark import Watermark

# Each is the module whose ``session`` opens it, loaded when it is asked for: its driver may be an extra.
_SESSIONS: Final = {
    "postgresql": "patron.sources.connectors.postgresql",
    "postgres": "patron.sources.connectors.postgresql",
    "mysql": "patron.sources.connectors.mysql",
    "mariadb": "patron.sources.connectors.mysql",
    "sqlite": "patron.sources.connectors.sqlite",
    "duckdb": "patron.sources.connectors.duckdb_file",
}


class DatabaseOptions(IncrementalOptions):
    """What ``database`` can be told."""

    dsn: str = Field(
        "", description="the address, if it holds no password: sqlite:///shop.db; else it is the credential"
    )
    table: str = Field("", description="the table or view, with its schema if need be: sales.orders")
    query: str = Field("", description="a SELECT instead of a table")
    columns: tuple[str, ...] = Field((), description="which columns to fetch; empty: all")
    batch_rows: int = Field(50_000, ge=1, le=1_000_000, description="rows held in memory at a time")
    timeout_seconds: int = Field(30, ge=1, le=3600, description="how long to wait for a connection")

    @model_validator(mode="after")
    def _one_question(self) -> DatabaseOptions:
        if bool(self.table) == bool(self.query):
            raise ValueError("give either table or query")
        if self.table:
            table_parts(self.table)
        if self.watermark and self.columns and self.watermark not in self.columns:
            raise ValueError(f"columns must name the watermark '{self.watermark}' too")
        return self

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        return super().tuning() | {"batch_rows", "timeout_seconds", "dsn"}


@dataclass(frozen=True)
class Database:
    """Fetches a table or a query; with a watermark, only what is new."""

    name: str = "database"
    meaning: str = "a table or query of PostgreSQL, MySQL/MariaDB, SQLite or DuckDB"
    options: type[Options] = DatabaseOptions
    lands: Literal["rows"] = "rows"

    def fetch(self, request: Request) -> Fetched:
        """Put the rows from the watermark on into the landing, the earliest first."""
        options: DatabaseOptions = request.options
        dsn = _dsn(request)
        module = import_module(_SESSIONS[dsn.scheme])
        with module.session(dsn, options.timeout_seconds, request.failed) as session:
            question = Question(options.table, options.query, options.columns, options.watermark, request.since)
            pages = session.pages(*statement(session.dialect, question), options.batch_rows)
            return _landed(request, session, pages)


def _landed(request: Request, session: Session, pages: Iterator[tuple[Columns, list[Any]]]) -> Fetched:
    column, newest = request.options.watermark, request.watermark
    for columns, rows in pages:
        if column and rows:
            place = _place(columns, column)
            # In the database's own order, which is also the one that its next answer begins by.
            last = Watermark.of(rows[-1][place], column)
            if any(row[place] is None for row in rows):
                Watermark.of(None, column)
            newest = last if newest is None or not session.dialect.grows_back(newest, last) else newest
        request.landing.add_rows(columns, rows)
    return Fetched(newest)


def _place(columns: Columns, column: str) -> int:
    if column not in columns:
        raise BrokenContract(
            f"There is no column '{column}', which is to be the watermark.", allowed=f"Columns: {', '.join(columns)}."
        )
    return columns.index(column)


def _dsn(request: Request) -> Dsn:
    text = request.options.dsn or request.secret().reveal()
    dsn = parsed_dsn(text, request.folder)
    if dsn is None or dsn.scheme not in _SESSIONS:
        raise UsageError(
            f"The address of source '{request.source}' is of no database that is known.",
            allowed="postgresql://user:password@host:5432/name, mysql://…, sqlite:///shop.db, duckdb:///shop.duckdb.",
            to_do=f"Set it as the credential '{request.credential}', or as the option dsn if it holds no password.",
        )
    return dsn


CONNECTOR: Final = Database()
