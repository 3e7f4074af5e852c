"""The warehouse on a PostgreSQL server: schemas of its own in a database that may hold other things.

All is written in one session, so that a step's writes are one transaction of the server's; what is streamed comes
through a second one, for a session can do one thing at a time. Rows go to and fro as Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.credentials import Credentials
from patron.errors import NothingThere, StorageFailed, UsageError
from patron.settings import WarehouseSettings
from patron.tables import Column
from patron.warehouse.postgres_columns import (
    DECLARED,
    StoredColumn,
    arrow_schema,
    arrow_type,
    as_stored,
    as_the_server_takes_it,
    cast_to,
    column_in,
    ibis_schema,
    sql_type,
    stored_name,
    typed,
)
from patron.warehouse.postgres_session import (
    Session,
    collation_of_letters,
    copied,
    done,
    fetched,
    lock,
    open_session,
    rolled_back,
    streamed,
)
from patron.warehouse.warehouse import SCHEMAS, Batches, BatchFunction, Rows, Warehouse
from patron.warehouse.worded import Worded

WORTH_ANALYSING: Final = 1000
READ_BY_OTHERS: Final = "gold"
_WORDED: Final = Worded()
_MADE: Final = "being made"  # no table of ours has such a name

_COLUMNS_OF: Final = """
SELECT attribute.attname AS stored, format_type(attribute.atttypid, attribute.atttypmod) AS kind,
       col_description(attribute.attrelid, attribute.attnum) AS told
FROM pg_attribute AS attribute
JOIN pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname = $1 AND class.relname = $2 AND attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY attribute.attnum
"""


class PostgresWarehouse(Warehouse):
    """An open warehouse. One run at a time; close it, or use it as a context."""

    def __init__(self, settings: WarehouseSettings, credentials: Credentials) -> None:
        self._prefix = settings.schema_prefix
        self._open: Callable[[], Session] = lambda: open_session(credentials, settings)
        self._session = self._open()
        self._in_transaction = False
        try:
            lock(self._session, self._prefix)
            self._letters = collation_of_letters(self._session)
            for schema in SCHEMAS:
                self._create_schema(self._schema(schema))
        except BaseException:
            self._session.close()
            raise

    def __enter__(self) -> PostgresWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at once, or not at all."""
        done(self._session, "BEGIN")
        self._in_transaction = True
        try:
            yield
            done(self._session, "COMMIT")
        except BaseException as error:
            rolled_back(self._session)
            raise _worded(error) from error
        finally:
            self._in_transaction = False

    def exists(self, schema: str, name: str) -> bool:
        return name in self.names(schema)

    def names(self, schema: str) -> tuple[str, ...]:
        """The tables of a schema, by name."""
        tables = "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = $1"
        return tuple(sorted(fetched(self._session, tables, [self._schema(schema)])["name"].to_pylist()))

    def table(self, schema: str, name: str) -> ir.Table:
        """A stored table as an Ibis expression."""
        columns = self._columns(schema, name)
        if not columns:
            raise NothingThere(f"There is no table {schema}.{name} in the warehouse.", to_do="Run 'patron run' first.")
        return ibis.table(ibis_schema(columns), name=name, database=self._schema(schema))

    def create(self, schema: str, name: str, columns: tuple[Column, ...]) -> None:
        """An empty table of declared columns, unless it exists."""
        if not self.exists(schema, name):
            self._create(schema, name, {column.name: DECLARED[column.kind] for column in columns})

    def create_raw(self, schema: str, name: str, columns: list[str]) -> None:
        """A table of text columns, made wider when it lacks some of these."""
        self.create(schema, name, (Column("file_id", "id", ""), Column("line", "count", "")))
        held = self._columns(schema, name)
        for column in columns:
            if column_in(held, column) is None:
                added = f"{_quoted(stored_name(column))} {sql_type(pa.string())}"
                done(self._session, f"ALTER TABLE {self._named(schema, name)} ADD COLUMN IF NOT EXISTS {added}")
                self._remember_name(schema, name, column)

    def replace(self, schema: str, name: str, rows: Rows) -> int:
        """Make this table anew from a query or from Arrow; gives the number of rows."""
        made = arrow_schema(rows) if isinstance(rows, ir.Table) else rows.schema
        with self._whole():
            # Made beside the old one, which the rows may come from.
            self.drop(schema, _MADE)
            self._create(schema, _MADE, {field.name: sql_type(field.type) for field in made})
            count = self.append(schema, _MADE, rows)
            self._take_place(schema, name)
        return count

    def append(self, schema: str, name: str, rows: Rows) -> int:
        """Add rows, matched by column name; gives the number of rows added."""
        if isinstance(rows, ir.Table):
            count = self._insert(schema, name, rows)
        else:
            batches = rows.batches if isinstance(rows, Batches) else iter(rows.to_batches())
            held = self._held(schema, name, rows.schema.names)
            made = pa.schema([(column.stored, column.kind) for column in held])
            count = copied(self._session, self._schema(schema), name, made, (as_stored(made, b) for b in batches))
        if count >= WORTH_ANALYSING:  # the planner knows a table's size only when told
            done(self._session, f"ANALYZE {self._named(schema, name)}")
        return count

    def map_rows(self, schema: str, name: str, rows: ir.Table, function: BatchFunction, made: pa.Schema) -> int:
        """Make this table anew from what a function makes of each batch of a query's rows; gives the number of rows."""
        return self.replace(schema, name, Batches(made, map(function, self.stream(rows))))

    def drop(self, schema: str, name: str) -> None:
        done(self._session, f"DROP TABLE IF EXISTS {self._named(schema, name)}")

    def delete(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which these columns have these values (all rows, if none are given)."""
        done(
            self._session,
            f"DELETE FROM {self._named(schema, name)} WHERE {_all_equal(where)}",
            list(where.values()) or None,
        )

    def keep_only(self, schema: str, name: str, where: Mapping[str, str]) -> None:
        """Remove the rows in which not all of these columns have these values."""
        done(
            self._session,
            f"DELETE FROM {self._named(schema, name)} WHERE ({_all_equal(where)}) IS NOT TRUE",
            list(where.values()) or None,
        )

    def supersede(self, schema: str, name: str, rows: ir.Table, at: datetime) -> None:
        """Close the rows that hold and agree with one of these in every column that these have (NULL agrees with NULL)."""
        # The first test is one by which rows can be looked up; "not distinct" alone would compare every pair.
        same = " AND ".join(
            f"coalesce(held.{_quoted(c)}::text, '') = coalesce(told.{_quoted(c)}::text, '') "
            f"AND held.{_quoted(c)} IS NOT DISTINCT FROM told.{_quoted(c)}"
            for c in rows.columns
        )
        done(
            self._session,
            f"UPDATE {self._named(schema, name)} AS held SET superseded_at = $1 FROM ({self.sql(rows)}) AS told "
            f"WHERE held.superseded_at IS NULL AND {same}",
            [at],
        )

    def count(self, schema: str, name: str) -> int:
        found = fetched(self._session, f"SELECT count(*) AS rows FROM {self._named(schema, name)}")
        return int(found["rows"][0].as_py())

    def fetch(self, expression: ir.Expr) -> pa.Table:
        """A query's result as an Arrow table."""
        rows = expression.as_table()
        made = arrow_schema(rows)
        found = fetched(self._session, self._typed_sql(rows, made))
        return pa.Table.from_batches([typed(made, batch) for batch in found.to_batches()], made)

    def stream(self, expression: ir.Table, rows: int = 200_000) -> pa.RecordBatchReader:
        """A query's result as Arrow batches of at most so many rows, through a session of its own."""
        made = arrow_schema(expression)
        batches = streamed(self._open, self._typed_sql(expression, made), rows)
        return pa.RecordBatchReader.from_batches(made, (typed(made, batch) for batch in batches))

    def sql(self, expression: ir.Expr) -> str:
        """The SQL that an expression becomes here."""
        sql = _WORDED.sql(expression, lambda query: str(ibis.to_sql(query, dialect="postgres", pretty=False)))
        return as_the_server_takes_it(sql, self._letters)

    def _schema(self, schema: str) -> str:
        return f"{self._prefix}_{schema}"

    def _named(self, schema: str, name: str) -> str:
        return f"{_quoted(self._schema(schema))}.{_quoted(name)}"

    def _create_schema(self, name: str) -> None:
        """A schema, unless it is there: one who may not create schemas may have been given them."""
        found = fetched(self._session, "SELECT count(*) AS schemas FROM pg_namespace WHERE nspname = $1", [name])
        if not found["schemas"][0].as_py():
            done(self._session, f"CREATE SCHEMA {_quoted(name)}")

    def _columns(self, schema: str, name: str) -> tuple[StoredColumn, ...]:
        found = fetched(self._session, _COLUMNS_OF, [self._schema(schema), name]).to_pylist()
        return tuple(
            StoredColumn(
                row["told"] or row["stored"], row["stored"], arrow_type(f"{schema}.{name}.{row['stored']}", row["kind"])
            )
            for row in found
        )

    def _held(self, schema: str, name: str, wanted: list[str]) -> tuple[StoredColumn, ...]:
        """The stored columns of these names, in their order."""
        columns = self._columns(schema, name)
        found = [(column, column_in(columns, column)) for column in wanted]
        missing = [column for column, held in found if held is None]
        if missing:
            raise UsageError(
                f"The table {schema}.{name} has no column named {', '.join(missing)}.",
                allowed=f"Allowed: {', '.join(column.name for column in columns)}.",
            )
        return tuple(held for _, held in found if held is not None)

    def _create(self, schema: str, name: str, types: Mapping[str, str]) -> None:
        body = ", ".join(f"{_quoted(stored_name(column))} {kind}" for column, kind in types.items())
        done(self._session, f"CREATE TABLE {self._named(schema, name)} ({body})")
        for column in types:
            self._remember_name(schema, name, column)

    def _remember_name(self, schema: str, name: str, column: str) -> None:
        """Keep the whole name of a column that is stored under a shorter one."""
        stored = stored_name(column)
        if stored != column:
            words = "'" + column.replace("'", "''") + "'"
            done(self._session, f"COMMENT ON COLUMN {self._named(schema, name)}.{_quoted(stored)} IS {words}")

    def _take_place(self, schema: str, name: str) -> None:
        """Put the table just made in the place of the one of this name, if there is one."""
        made, old = self._named(schema, _MADE), self._named(schema, name)
        if schema == READ_BY_OTHERS and self._columns(schema, name) == self._columns(schema, _MADE):
            # The table stays, with the rights that others have on it and the views they made of it.
            done(self._session, f"TRUNCATE {old}")
            done(self._session, f"INSERT INTO {old} SELECT * FROM {made}")
            self.drop(schema, _MADE)
        else:
            self.drop(schema, name)
            done(self._session, f"ALTER TABLE {made} RENAME TO {_quoted(name)}")

    def _insert(self, schema: str, name: str, rows: ir.Table) -> int:
        columns = ", ".join(_quoted(column.stored) for column in self._held(schema, name, list(rows.columns)))
        query = self._typed_sql(rows, arrow_schema(rows))
        return done(self._session, f"INSERT INTO {self._named(schema, name)} ({columns}) {query}")

    def _typed_sql(self, rows: ir.Table, made: pa.Schema) -> str:
        """A query whose columns have the types that Ibis says: a server's sums are wider than that."""
        columns = (f"{cast_to(_quoted(stored_name(f.name)), f.type)} AS {_quoted(stored_name(f.name))}" for f in made)
        return f"SELECT {', '.join(columns)} FROM ({self.sql(rows)}) AS told"

    def _whole(self) -> AbstractContextManager[None]:
        """The transaction that is open, or one of its own."""
        return nullcontext() if self._in_transaction else self.transaction()


def open_warehouse(_folder: Path, settings: WarehouseSettings, credentials: Credentials) -> PostgresWarehouse:
    """The warehouse of a workspace: on the server that the credential 'warehouse' names."""
    return PostgresWarehouse(settings, credentials)


def _worded(error: BaseException) -> BaseException:
    """What a step met, in our words: a file of its own that the computer refuses."""
    if isinstance(error, OSError):
        return StorageFailed(
            f"The computer refuses to read or write, or has no room: {error}",
            to_do="Free disk space, then run again; finished steps are kept.",
        )
    return error


def _all_equal(where: Mapping[str, str]) -> str:
    return " AND ".join(f"{_quoted(column)} = ${place}" for place, column in enumerate(where, 1)) or "TRUE"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
