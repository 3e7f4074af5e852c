"""What a connector is: a name, a model of its options, and a function that fetches what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from patron.credentials import Credentials, Secret
from patron.errors import SourceFailed
from patron.section import NAME_FORM
from patron.settings import Source
from patron.sources.connectors.hiding import hidden_parts
from patron.sources.connectors.watermark import Watermark


class Options(BaseModel):
    """What every connector can be told. An unknown option is a fault, and values are not bent into other types."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    credential: str = Field(
        "", pattern=f"^$|{NAME_FORM}", description="the name of its credential; empty: the source's name"
    )

    def misfit(self, source: Source) -> str:  # noqa: ARG002 - for connectors that have something to say
        """Why these options cannot go with what else the source says; empty if they can."""
        return ""

    @property
    def looks_back(self) -> float:
        """How many days before the watermark a fetch begins, for rows that were late."""
        return 0.0

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """Options that say how to fetch, not what: they can change without making what was fetched another thing."""
        return frozenset({"credential"})


class Landing(Protocol):
    """Where a connector puts what it fetches. All of it lands when ``fetch`` returns, and nothing if it raises."""

    def add_rows(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add rows of Python values: kept as exact text. Later rows may have other columns."""

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add a batch of Arrow columns: kept as exact text."""

    def add_object(self, name: str, version: str, blocks: Iterable[bytes]) -> None:
        """Add a file with its bytes as they are; ``name`` is the source's own, ``version`` what tells a change."""

    def has(self, name: str, version: str) -> bool:
        """Whether this version of a file has landed."""


@dataclass(frozen=True)
class Request:
    """What a connector is asked: its source, options and credentials, from where to go on, and where to land it.

    ``columns`` are those that the source maps, and ``folder`` is the workspace.
    """

    source: str
    options: Any  # the connector's own Options: a Protocol over every connector cannot name the class
    credentials: Credentials
    watermark: Watermark | None
    folder: Path
    landing: Landing
    columns: tuple[str, ...] = ()

    @property
    def since(self) -> Watermark | None:
        """From where on to fetch: the watermark, or as many days earlier as the source looks back."""
        return self.watermark.less(self.options.looks_back) if self.watermark else None

    @property
    def credential(self) -> str:
        """The name of this source's credential."""
        return self.options.credential or self.source

    def secret(self) -> Secret:
        """The source's credential; NothingThere, saying how to give it, if there is none."""
        return self.credentials.secret(self.credential)

    def secret_if_given(self) -> Secret | None:
        """The source's credential, or None where it needs none."""
        return self.secret() if self.credential in self.credentials else None

    def hidden_in(self, text: str) -> str:
        """The text without any credential, nor a part of this source's own."""
        secret = self.secret_if_given()
        for part in hidden_parts(secret.reveal()) if secret else ():
            text = text.replace(part, "***")
        return self.credentials.hidden_in(text)

    def failed(self, why: object, *, to_do: str = "") -> SourceFailed:
        """The error that says so, in a driver's words without any credential."""
        words = self.hidden_in(" ".join(str(why).split())).rstrip(".")
        return SourceFailed(
            f"Source '{self.source}' could not be fetched: {words or 'no reason was given'}.",
            to_do=to_do
            or "Nothing was changed and the last release stays; check address, rights and network, then run again.",
        )


@dataclass(frozen=True)
class Fetched:
    """What a fetch says when it is done: up to where the source is fetched now (None: it has no watermark).

    ``may_be_empty``: nothing at all, from the beginning, is no sign that the source is broken.
    """

    watermark: Watermark | None = None
    may_be_empty: bool = False


class Connector(Protocol):
    """A kind of source. The entry point of group ``patron.sources`` names an object that is one."""

    @property
    def name(self) -> str:
        """What ``connector`` says in patron.toml."""

    @property
    def meaning(self) -> str:
        """What it fetches, in a few words."""

    @property
    def options(self) -> type[Options]:
        """The model of its options."""

    @property
    def lands(self) -> Literal["rows", "objects"]:
        """Rows of a table, or files as they are (which the source's format, delimiter … then describe)."""

    def fetch(self, request: Request) -> Fetched:
        """Put everything newer than the request's watermark into its landing."""
