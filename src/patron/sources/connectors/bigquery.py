"""The connector ``bigquery``: a table or a query of BigQuery, through Google's own client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from patron.errors import UsageError
from patron.sources.connectors.connector import Fetched, Options, Request
from patron.sources.connectors.incremental import IncrementalOptions
from patron.sources.connectors.session import Dialect
from patron.sources.connectors.watermark import Kind, Watermark, WatermarkValue

_TYPES: Final[dict[Kind, str]] = {
    "text": "STRING",
    "integer": "INT64",
    "decimal": "BIGNUMERIC",
    "day": "DATE",
    "moment": "DATETIME",
    "zoned_moment": "TIMESTAMP",
}
_TABLE: Final = re.compile(r"^[A-Za-z0-9_\-:.$ ]+\.[A-Za-z0-9_\-.$* ]+$")
_BYTES_PER_GB: Final = 10**9


class BigQueryOptions(IncrementalOptions):
    """What ``bigquery`` can be told."""

    project: str = Field("", description="the project that is billed; empty: the credential's own")
    location: str = Field("", description="where the data lies, such as EU; empty: wherever it is")
    table: str = Field("", description="dataset.table, or project.dataset.table")
    query: str = Field("", description="a SELECT in GoogleSQL instead of a table")
    columns: tuple[str, ...] = Field((), description="which columns to fetch; empty: all")
    max_gb: float = Field(100, gt=0, description="gigabytes that one fetch may read, and be billed for")
    batch_rows: int = Field(50_000, ge=1, le=1_000_000, description="rows held in memory at a time")

    @model_validator(mode="after")
    def _one_question(self) -> BigQueryOptions:
        if bool(self.table) == bool(self.query):
            raise ValueError("give either table or query")
        if self.table and not _TABLE.match(self.table):
            raise ValueError("table is no name of a table: write dataset.table or project.dataset.table")
        if self.watermark and self.columns and self.watermark not in self.columns:
            raise ValueError(f"columns must name the watermark '{self.watermark}' too")
        return self

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        return super().tuning() | {"project", "location", "max_gb", "batch_rows"}


@dataclass(frozen=True)
class BigQuery:
    """Fetches a table or a query; with a watermark, only what is new."""

    name: str = "bigquery"
    meaning: str = "a table or query of BigQuery"
    options: type[Options] = BigQueryOptions
    lands: Literal["rows"] = "rows"

    def fetch(self, request: Request) -> Fetched:
        """Put the rows from the watermark on into the landing, the earliest first."""
        options: BigQueryOptions = request.options
        library = _library()
        after = request.since
        asked = library.QueryJobConfig(
            query_parameters=[_parameter(library, after)] if after else [],
            maximum_bytes_billed=int(options.max_gb * _BYTES_PER_GB),
            use_legacy_sql=False,
        )
        client = _client(library, request)
        found = client.query(statement(options, after), job_config=asked).result(page_size=options.batch_rows)
        columns = [field.name for field in found.schema]
        newest = request.watermark
        for rows in _chunks(found, options.batch_rows):
            if options.watermark:
                newest = Watermark.of(rows[-1][columns.index(options.watermark)], options.watermark)
            request.landing.add_rows(columns, rows)
        return Fetched(newest)


def statement(options: BigQueryOptions, after: Watermark | None) -> str:
    """What is asked: a table's or query's rows from the watermark on, itself included, in its order."""
    dialect = Dialect("`", "?")
    asked = ", ".join(dialect.quoted(name) for name in options.columns) or "*"
    where_from = f"({options.query.strip().rstrip(';')}\n)" if options.query else f"`{options.table}`"
    text = f"SELECT {asked} FROM {where_from}"  # noqa: S608 - names are quoted, the query is the user's own
    if not options.watermark:
        return text
    column = dialect.quoted(options.watermark)
    since = f" WHERE {column} >= @watermark OR {column} IS NULL" if after else ""
    # An empty watermark comes last, where it is noticed.
    return f"{text}{since} ORDER BY {column} NULLS LAST"


def _parameter(library: ModuleType, after: Watermark) -> Any:  # Any: the client's own class
    value: WatermarkValue = after.value()
    return library.ScalarQueryParameter("watermark", _TYPES[after.kind], value)


def _chunks(found: Any, rows: int) -> Iterator[list[tuple[Any, ...]]]:  # Any: the client's own rows
    every = iter(found)
    while chunk := [row.values() for row in islice(every, rows)]:
        yield chunk


def _client(library: ModuleType, request: Request) -> Any:  # Any: the client's own class
    options: BigQueryOptions = request.options
    more = {"project": options.project or None, "location": options.location or None}
    secret = request.secret_if_given()
    if secret is None:
        return library.Client(**more)
    try:
        key_file = json.loads(secret.reveal())
    except ValueError:
        raise UsageError(  # neither the cause nor its text: both hold the secret
            f"The credential '{request.credential}' is no JSON.",
            allowed="The content of a service account's key file.",
            to_do="Write it on one line; or leave it out where the machine itself may read BigQuery.",
        ) from None
    return library.Client.from_service_account_info(key_file, **more)


def _library() -> ModuleType:
    try:
        from google.cloud import bigquery
    except ImportError as error:
        raise UsageError(
            "Reading BigQuery needs the package google-cloud-bigquery.", to_do="Run: pip install 'patron[bigquery]'"
        ) from error
    library: ModuleType = bigquery
    return library


CONNECTOR: Final = BigQuery()
