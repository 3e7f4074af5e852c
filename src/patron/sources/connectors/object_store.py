"""The connector ``object_store``: files of S3, Google Cloud Storage, Azure, or whatever else fsspec reaches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, JsonValue

from patron.errors import UsageError
from patron.settings import Source
from patron.sources.connectors.connector import Fetched, Options, Request
from patron.sources.files import format_by_ending, known_endings

_BLOCK: Final = 4 << 20
_MAGIC: Final = re.compile(r"[*?\[{]")
# What tells that a file has changed, the surest first; each store has its own words.
_VERSION_KEYS: Final = ("ETag", "etag", "md5Hash", "content_settings.content_md5", "generation", "version_id")
_TIME_KEYS: Final = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")
_EXTRAS: Final = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}


class ObjectStoreOptions(Options):
    """What ``object_store`` can be told."""

    url: str = Field(description="which files: s3://bucket/orders/*.csv, gs://…, az://…")
    storage: dict[str, JsonValue] = Field(
        {}, description="settings of the store that are no secret: region, endpoint_url …"
    )
    max_mb: float = Field(4096, gt=0, description="largest file to fetch, in MB")

    def misfit(self, source: Source) -> str:
        """A file that lands must be one that can be read."""
        if source.format == "auto" and format_by_ending(Path(self.url)) is None:
            endings = ", ".join(known_endings())
            return f"the url's ending does not tell how the files are written: let it end in one of {endings}, or set format."
        return ""

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        return super().tuning() | {"storage", "max_mb"}


@dataclass(frozen=True)
class ObjectStore:
    """Fetches files that have not landed yet, or have changed since; their bytes stay as they are."""

    name: str = "object_store"
    meaning: str = "files of S3, Google Cloud Storage, Azure, or another store that fsspec reaches"
    options: type[Options] = ObjectStoreOptions
    lands: Literal["objects"] = "objects"

    def fetch(self, request: Request) -> Fetched:
        """Put new and changed files into the landing, by name."""
        options: ObjectStoreOptions = request.options
        store, pattern = _opened(request)
        found = store.glob(pattern, detail=True)
        for path in sorted(path for path, facts in found.items() if facts.get("type", "file") == "file"):
            facts = found[path]
            name, version = path.removeprefix(_fixed_part(pattern)), _version(facts)
            if request.landing.has(name, version):
                continue
            _refuse_large(request, name, int(facts.get("size") or 0), options.max_mb)
            request.landing.add_object(name, version, _blocks(request, store, path, facts, options.max_mb))
        return Fetched()


def _opened(request: Request) -> tuple[Any, str]:  # Any: fsspec carries no types
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(
            "Object stores need the package fsspec.", to_do="Run: pip install 'patron[sources]'"
        ) from error
    url, secret = request.options.url, request.secret_if_given()
    keys = _keys(request, secret.reveal()) if secret else {}
    try:
        # Without a memory of listings: a second fetch in one process must see what has come since.
        return fsspec.core.url_to_fs(
            url, use_listings_cache=False, skip_instance_cache=True, **request.options.storage, **keys
        )
    except ImportError as error:
        scheme = url.split("://", 1)[0]
        raise UsageError(
            f"No package for addresses such as '{scheme}://…' is installed.",
            to_do=f"Run: pip install 'patron[{_EXTRAS.get(scheme, 'sources')}]'",
        ) from error


def _keys(request: Request, text: str) -> dict[str, Any]:  # Any: what the store's package takes
    """A credential as the store's package takes it: a JSON object, such as {"key": "…", "secret": "…"}."""
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, dict):
        raise UsageError(
            f"The credential '{request.credential}' is no JSON object.",
            allowed='S3: {"key": "…", "secret": "…"}; Google: {"token": {…the key file…}}; Azure: {"account_name": "…", "account_key": "…"}.',
        )
    return keys


def _fixed_part(pattern: str) -> str:
    """The folders of a pattern that hold no sign of a glob: what follows them names a file."""
    fixed = _MAGIC.split(pattern, maxsplit=1)[0]
    return fixed[: fixed.rfind("/") + 1]


def _version(facts: dict[str, Any]) -> str:
    """What changes with a file's content: its tag, else its size and time."""
    tag = next((str(facts[key]) for key in _VERSION_KEYS if facts.get(key)), "")
    changed = "" if tag else next((str(facts[key]) for key in _TIME_KEYS if facts.get(key)), "")
    return " ".join(part for part in (str(facts.get("size", "")), tag, changed) if part)


def _refuse_large(request: Request, name: str, size: int, max_mb: float) -> None:
    if size > max_mb * 1e6:
        raise request.failed(
            f"{name} has {size / 1e6:,.0f} MB, more than {max_mb:,.0f}",
            to_do="Raise the option max_mb, or narrow the url.",
        )


def _blocks(request: Request, store: Any, path: str, facts: dict[str, Any], max_mb: float) -> Iterator[bytes]:
    read = 0
    with store.open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            read += len(block)
            _refuse_large(request, path, read, max_mb)
            yield block
    told = facts.get("size")
    if told is not None and int(told) != read:
        raise request.failed(f"{path} was written to while it was fetched ({told:,} bytes told, {read:,} read)")


CONNECTOR: Final = ObjectStore()
