"""A session with BigQuery: statements, results as Arrow, rows loaded from Parquet, and its errors in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from patron.credentials import Secret
from patron.errors import DataError, PatronError, StorageFailed, UsageError

try:
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery
except ImportError as error:
    raise UsageError(
        'The engine "bigquery" needs a package that is not installed.', to_do="Run: pip install 'patron[bigquery]'"
    ) from error

ADDRESS: Final = "bigquery://PROJECT/LOCATION?key=FILE"
SCHEME: Final = "bigquery"
_PARAMETER_TYPE: Final[dict[type, str]] = {str: "STRING", int: "INT64", datetime: "DATETIME"}
Parameters = Mapping[str, str | int | datetime]


@dataclass(frozen=True)
class Address:
    """Which project, where its data lies, and the key of the service account; without one, the machine's own login."""

    project: str
    location: str
    key: str


def address_of(secret: Secret) -> Address:
    """What the credential 'warehouse' says; UsageError, without its content, where it is no such address."""
    parts = urlsplit(secret.reveal().strip())
    if parts.scheme != SCHEME or not parts.netloc:
        raise UsageError(
            "The credential 'warehouse' is no BigQuery address.", allowed=f"{ADDRESS}; location and key may be absent."
        )
    return Address(parts.netloc, parts.path.strip("/") or "US", parse_qs(parts.query).get("key", [""])[0])


def open_client(address: Address) -> bigquery.Client:
    """Google's own client, logged in; UsageError where there is no login."""
    try:
        if address.key:
            with_key = bigquery.Client.from_service_account_json
            opened: bigquery.Client = with_key(address.key, project=address.project, location=address.location)  # type: ignore[no-untyped-call]
            return opened
        return bigquery.Client(project=address.project, location=address.location)
    except (GoogleAuthError, OSError, ValueError, json.JSONDecodeError) as error:
        raise UsageError(
            f"There is no login for BigQuery ({type(error).__name__}).",
            allowed=f"The key file of a service account, named in the credential 'warehouse' ({ADDRESS}), or the machine's own login.",
            to_do="Name the key file there, or log in with 'gcloud auth application-default login'.",
        ) from error


class Session:
    """Statements one after the other. ``client`` is Google's, or one that behaves like it."""

    def __init__(self, client: Any, project: str) -> None:  # Any: the client carries no types
        self.project = project
        self._client = client

    def close(self) -> None:
        self._client.close()

    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        """Do a statement; gives the number of rows that it changed."""
        with _worded():
            job = self._client.query(sql, job_config=_config(parameters))
            job.result()
            return int(job.num_dml_affected_rows or 0)

    def rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        """A query's rows as Arrow, at least one batch (of no rows)."""
        with _worded():
            found = self._client.query(sql, job_config=_config(None)).result()
            nothing = True
            for batch in found.to_arrow_iterable():
                nothing = False
                yield batch
            if nothing:
                yield pa.RecordBatch.from_pylist([], found.to_arrow().schema)

    def load(self, table: str, file: Path) -> int:
        """Add a Parquet file's rows to a table whole, or not at all; gives their number."""
        config = bigquery.LoadJobConfig(
            source_format="PARQUET", write_disposition="WRITE_APPEND", decimal_target_types=["NUMERIC", "BIGNUMERIC"]
        )
        with _worded(), file.open("rb") as content:
            job = self._client.load_table_from_file(content, table, job_config=config)
            job.result()
            return int(job.output_rows or 0)

    def make_dataset(self, name: str) -> None:
        with _worded():
            self._client.create_dataset(f"{self.project}.{name}", exists_ok=True)

    def tables_before(self, dataset: str, moment: datetime) -> list[str]:
        """The tables of a dataset that were made before a moment."""
        with _worded():
            found = self._client.list_tables(f"{self.project}.{dataset}")
            return sorted(table.table_id for table in found if table.created and table.created < moment)


def _config(parameters: Parameters | None) -> bigquery.QueryJobConfig:
    told = [
        bigquery.ScalarQueryParameter(name, _PARAMETER_TYPE[type(value)], value)
        for name, value in (parameters or {}).items()
    ]
    return bigquery.QueryJobConfig(query_parameters=told, use_legacy_sql=False)


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except GoogleAPICallError as error:
        told = _in_our_words(error)
        if told is None:
            raise
        raise told from error
    except GoogleAuthError as error:
        raise UsageError("BigQuery refuses the login.", to_do="Renew the key or the login, then run again.") from error


def _in_our_words(error: Any) -> PatronError | None:  # Any: Google's errors carry no types
    """The error as a user can use it; None for one that only a fault of ours can cause."""
    code, first = error.code, str(error.message).splitlines()[0] if error.message else ""
    if code in (401, 403):
        return UsageError(
            f"BigQuery does not allow it: {first}",
            allowed="The roles BigQuery Data Editor and BigQuery Job User, or a quota that is not used up.",
            to_do="Give them to the login that the credential 'warehouse' names, then run again.",
        )
    if code in (408, 429) or code >= 500:
        return StorageFailed(f"BigQuery cannot be asked now: {first}", to_do="Run again; finished steps are kept.")
    if "overflow" in first.lower() or "out of range" in first.lower():
        return DataError(
            f"Amounts add up to more than a NUMERIC can hold: {first}",
            allowed="A customer's sums must stay below 100 trillion.",
            to_do="Look for amounts that cannot be right, or write them in a larger unit.",
        )
    return None
