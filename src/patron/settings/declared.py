"""The sections of patron.toml. Each field is the only declaration of a setting; file, environment, the file that init writes and the docs derive from it."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from patron.audit_terms import AuditSettings
from patron.errors import UsageError
from patron.login_terms import OidcSettings
from patron.periods import parse_period
from patron.quality_terms import OwnRule, Sla
from patron.secret_looks import secret_looking
from patron.section import NAME_FORM, Name, Section
from patron.segment_terms import SegmentRule
from patron.settings.privacy import PrivacySettings, refuse_unkept
from patron.tables import SOURCE_TABLES, source_table

FILE_NAME: Final = "patron.toml"
FILES_CONNECTOR: Final = "files"
CREDENTIAL: Final = "credential_in_settings"
CURRENCY_FORM: Final = r"^[A-Z]{3}$"
Currency = Annotated[str, StringConstraints(pattern=CURRENCY_FORM)]
Group = Literal["country", "region", "branch", "channel", "acquisition_channel", "plan", "gender", "age"]


class Value(Section):
    """What "value" means here: the contract that every number keeps."""

    currency: Currency = Field("EUR", description="currency of every amount, three letters")
    basis: Literal["revenue", "margin"] = Field("revenue", description="count the amount, or what was earned on it")
    margin_rate: float = Field(
        1.0,
        ge=0.0001,
        le=1,
        description="share of the amount earned (to four decimals), where basis is margin and no margin column is mapped",
    )
    refunds: Literal["net", "ignore"] = Field(
        "net", description="net: money given back reduces value; ignore: it does not"
    )
    horizon: str = Field(
        "auto", description="how far ahead, e.g. '180 days'; auto: the longest that history can test, at most 365 days"
    )

    @field_validator("horizon")
    @classmethod
    def _horizon_is_a_period(cls, text: str) -> str:
        if text != "auto":
            try:
                days = parse_period(text)
            except UsageError as error:
                raise ValueError(str(error)) from error
            if not 1 <= days <= 3650:
                raise ValueError(f"'{text}' is {days} days; a horizon is 1 to 3650 days")
        return text


class Condition(Section):
    """A rule on one column of the source: starts_with, equals (any of) or less_than; one of them."""

    column: str = Field(description="the source's column")
    starts_with: str | None = Field(None, description="its text begins with this")
    equals: tuple[str, ...] | None = Field(None, description="its text is one of these")
    less_than: float | None = Field(None, description="its number is below this")

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        given = [name for name in ("starts_with", "equals", "less_than") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of starts_with, equals, less_than; {' and '.join(given) or 'none'} given")
        return self


class Source(Section):
    """One source: where its rows come from, how they are written, and which column means what."""

    table: str = Field(description="the table it fills: " + ", ".join(t.name for t in SOURCE_TABLES))
    connector: Name = Field(
        FILES_CONNECTOR, description="what fetches it: files, or one that 'patron sources' lists (database, rest …)"
    )
    options: dict[str, JsonValue] = Field({}, description="what the connector is told; 'patron sources' lists them")
    files: tuple[str, ...] = Field((), description="files, globs or folders, relative to patron.toml (files)")
    format: Literal["auto", "csv", "parquet", "jsonl", "excel"] = Field(
        "auto", description="auto: by the file's ending"
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="what stands between two values (csv)")
    quote: str = Field('"', max_length=1, description="what encloses a value; empty: nothing does (csv)")
    encoding: str = Field("utf-8", description="how the text is encoded (csv, jsonl)")
    skip_lines: int = Field(0, ge=0, le=1000, description="lines before the header (csv, excel)")
    sheet: str = Field("", description="the sheet; empty: the first (excel)")
    decimal: Literal[".", ","] = Field(".", description="the decimal sign")
    thousands: Literal["", ",", ".", " ", "'"] = Field("", description="the sign between thousands")
    date_format: str = Field("iso", description="iso (2011-12-09 12:50), or strptime codes such as %d/%m/%Y %H:%M")
    timezone: str = Field("UTC", description="the zone of times written without one")
    row_id: str = Field(
        "", description="a column that is unique for each row; a repeated id is a duplicate or a correction"
    )
    row_version: str = Field(
        "",
        description="a column that orders the versions of a row (a version number, updated_at): the highest holds, in whatever order they come",
    )
    deleted_when: Condition | None = Field(
        None, description="versions that say the row is gone; such a version needs nothing but its id and row_version"
    )
    refund_when: Condition | None = Field(None, description="rows that are cancellations or refunds")
    repeated_rows: Literal["refuse", "drop", "keep", "replace"] = Field(
        "refuse",
        description="when most rows of a new file are already there: refuse (stop and ask), drop them, or keep them as new; replace: a file whose content has changed takes the place of what it was",
    )
    personal: dict[Name, str] = Field(
        {},
        description="personal columns: your name = the source's column (email, phone …); they go into the vault, encrypted, and nowhere else",
    )
    plain_too: tuple[Name, ...] = Field(
        (), description="names of personal columns that are also used in the tables, there in plain text (birth_date)"
    )
    columns: dict[str, str] = Field(description="Patron's column = the source's column")

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value

    @field_validator("options")
    @classmethod
    def _no_credential(cls, options: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in secret_looking(options):
            raise PydanticCustomError(CREDENTIAL, "looks like a credential", {"option": name})
        return options

    @model_validator(mode="after")
    def _files_or_options(self) -> Source:
        if self.connector == FILES_CONNECTOR:
            if not self.files:
                raise ValueError("files is missing: name the files, globs or folders of this source")
            if self.options:
                raise ValueError(
                    f"{', '.join(self.options)}: files take no options; set connector to what they are for"
                )
        elif self.files:
            raise ValueError(f"files belong to the connector 'files', not to '{self.connector}'; remove one of the two")
        return self

    @model_validator(mode="after")
    def _mapping_fits_table(self) -> Source:
        table = source_table(self.table)
        unknown = [name for name in self.columns if name not in table.names]
        if unknown:
            close = get_close_matches(unknown[0], table.names, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise ValueError(f"table {table.name} has no column '{unknown[0]}'; it has {', '.join(table.names)}.{hint}")
        missing = [name for name in table.required if name not in self.columns and not self._computable(name)]
        if missing:
            raise ValueError(
                f"table {table.name} needs {', '.join(missing)}; name the source's column for each under columns"
            )
        return self

    @model_validator(mode="after")
    def _versions_are_of_rows(self) -> Source:
        keyed_by_row = "row_id" in source_table(self.table).names
        if self.row_version and keyed_by_row and not self.row_id:
            raise ValueError(
                f"row_version '{self.row_version}' orders the versions of one row of {self.table}; name row_id as well"
            )
        if self.row_version and self.repeated_rows == "replace":
            raise ValueError('row_version and repeated_rows = "replace" exclude each other; remove one of the two')
        if self.deleted_when and not self.row_version:
            raise ValueError("deleted_when needs row_version, which tells whether the row or its deletion is newer")
        return self

    @model_validator(mode="after")
    def _personal_is_somebodys(self) -> Source:
        if self.personal and "customer_id" not in self.columns:
            raise ValueError("personal columns need customer_id under columns, which says whose they are")
        if self.personal and self.connector != FILES_CONNECTOR:
            raise ValueError(
                f"what '{self.connector}' fetches is kept in the lake as it came, in plain text; export personal columns to files"
            )
        refuse_unkept(self.personal, self.plain_too, self._used_columns())
        return self

    def _used_columns(self) -> dict[str, str]:
        """The source's columns that are used in the tables, by what uses them."""
        rules = {"refund_when": self.refund_when, "deleted_when": self.deleted_when}
        marks = {"row_id": self.row_id, "row_version": self.row_version}
        return self.columns | marks | {name: rule.column for name, rule in rules.items() if rule}

    def _computable(self, name: str) -> bool:
        return name == "amount" and {"quantity", "unit_price"} <= set(self.columns)


class WarehouseSettings(Section):
    """Where tables live."""

    engine: Name = Field(
        "duckdb",
        description="the engine that holds the tables: duckdb, a file in the workspace; postgres, whose address is the "
        "credential 'warehouse'; bigquery, whose project that credential names; or spark, at the address master",
    )
    schema_prefix: Name = Field(
        "patron",
        description="what a database's schemas begin with (patron_gold); workspaces that share a database differ in it",
    )
    memory_gb: float = Field(
        3.0, gt=0.25, le=1024, description="memory the engine may use before it spills to disk, in GB"
    )
    master: str = Field(
        "", description="spark: the cluster, such as spark://host:7077; empty: this computer, with the threads below"
    )
    location: str = Field(
        "",
        description="spark: where the tables' Parquet lies, a folder or an address such as s3a://bucket/patron that the cluster reaches; empty: the workspace",
    )
    threads: int = Field(0, ge=0, le=1024, description="threads of the engine; 0: one per processor")

    @property
    def schemas_begin(self) -> str:
        """What the names of the engine's schemas begin with: in a database that others use too, the prefix."""
        return f"{self.schema_prefix}_" if self.engine in ("postgres", "bigquery") else ""


class ReadingSettings(Section):
    """What the process that reads files may use."""

    memory_gb: float = Field(
        4.0,
        ge=0.5,
        le=1024,
        description="memory in which a file must be readable, in GB; a file that needs more is refused",
    )
    seconds: float = Field(300.0, ge=1, description="seconds that the next rows of a file may take to read")


class QualitySettings(Section):
    """What may be believed."""

    quarantine_limit: float = Field(
        0.05, ge=0, le=1, description="largest share of a file's rows that may be quarantined"
    )
    repeat_limit: float = Field(
        0.5, ge=0, le=1, description="share of a new file's rows already present at which repeated_rows applies"
    )
    outlier_factor: float = Field(
        200.0, gt=1, description="an amount beyond this many times the median amount is flagged for review"
    )
    repeat_minutes: int = Field(
        5,
        ge=1,
        le=1440,
        description="a sale alike to one so many minutes before, in another order, is flagged for review",
    )
    youngest_age: int = Field(16, ge=0, le=100, description="a customer below this age is flagged for review")
    oldest_age: int = Field(110, ge=50, le=150, description="a customer above this age is flagged for review")
    earliest: str = Field("1970-01-02", description="rows before this day are quarantined")
    history: Literal["block", "warn", "off"] = Field(
        "block",
        description="when a batch is unlike earlier ones of its source (volume, distribution, shares): stop it, warn, or do not look",
    )
    trusted_files: tuple[str, ...] = Field(
        (), description="names (or globs) of files that are right although unlike earlier ones"
    )
    sla: Sla = Field(Sla(), description="what the data must keep: see [quality.sla]")
    rules: tuple[OwnRule, ...] = Field((), description="rules of your own: see [[quality.rules]]")

    @field_validator("earliest")
    @classmethod
    def _earliest_is_a_day(cls, text: str) -> str:
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"'{text}' is no day of the calendar; write it as 1970-01-02") from error
        return text


class ModelSettings(Section):
    """Which models compete, and what a champion must show."""

    candidates: tuple[Name, ...] = Field(
        ("bg_nbd", "pareto_nbd", "boosting", "hybrid"), description="models that compete with the plain baselines"
    )
    metric: Literal["wape", "mae", "rmse", "gini", "spearman"] = Field(
        "rmse", description="the declared metric of the gate"
    )
    max_bias: float = Field(
        0.25, gt=0, le=1, description="largest error of the predicted total, as a share of the actual one"
    )
    folds: int = Field(6, ge=1, le=12, description="rolling origins of the backtest, at most")
    sample_customers: int = Field(
        200_000, ge=1000, description="customers, at most, in backtest and training; all are scored"
    )
    distributed: bool = Field(
        False,
        description="spark: a published boosting model learns from every customer, where they are stored, not from 120,000 rows of the sample; its figures then differ from other engines'",
    )
    seed: int = Field(20_260_101, ge=0, description="seed of everything random")
    fairness_groups: tuple[Group, ...] = Field(
        ("gender", "age", "country"),
        description="groups that must be served alike, where the sources tell them: " + ", ".join(get_args(Group)),
    )
    fairness_limit: float = Field(
        0.2,
        gt=0,
        le=2,
        description="how much higher or lower than the rest a group may be placed, for what it turns out to be",
    )


class SegmentSettings(Section):
    """How customers are grouped."""

    tiers_by: Literal["value_share", "percentile"] = Field(
        "value_share", description="cut tiers by share of value, or of customers"
    )
    high_share: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="value_share: the top customers who hold this share of expected value are high; percentile: this share of customers",
    )
    medium_share: float = Field(0.4, gt=0, lt=1, description="the next share is medium; the rest is low")
    clusters: Literal["auto", "kmeans", "gaussian_mixture", "agglomerative", "dbscan", "hdbscan", "off"] = Field(
        "auto",
        description="how customers are clustered by behaviour; auto: the way and the number of clusters that several criteria favour; off: not at all",
    )
    cluster_count: int = Field(
        0, ge=0, le=12, description="the number of clusters; 0: chosen (dbscan and hdbscan find their own)"
    )
    cluster_map: Literal["pca", "tsne", "umap"] = Field(
        "pca",
        description="how the map of clusters is drawn: pca keeps distances; tsne and umap (patron[umap]) keep who is near whom",
    )
    hysteresis: float = Field(
        0.05,
        ge=0,
        lt=0.5,
        description="a customer keeps tier, RFM name, stage and cluster while numbers within this margin would give it; 0: every label is made anew",
    )
    least_place: int = Field(
        10, ge=1, description="customers below which a place (branch, region, country, cell) is not shown by itself"
    )
    rules: tuple[SegmentRule, ...] = Field((), description="groups of your own: see [[segments.rules]]")

    @field_validator("cluster_count")
    @classmethod
    def _some_clusters(cls, count: int) -> int:
        if count == 1:
            raise ValueError('1 cluster is none: write 2 or more, 0 to let it be chosen, or clusters = "off"')
        return count

    @model_validator(mode="after")
    def _room_for_low(self) -> SegmentSettings:
        if self.high_share + self.medium_share >= 1:
            raise ValueError(
                f"high_share {self.high_share} and medium_share {self.medium_share} must add up to less than 1"
            )
        return self


class ReleaseSettings(Section):
    """What is published."""

    keep: int = Field(
        20, ge=2, le=10_000, description="releases kept; the oldest beyond these are removed, never the current one"
    )


class ServerSettings(Section):
    """How the server answers; where it listens is said when it is started."""

    state: Literal["sqlite", "postgres"] = Field(
        "sqlite",
        description="where accounts, keys and the audit live: sqlite, the workspace's state.sqlite; or postgres, whose "
        "address is the credential 'state'",
    )
    least_cell: int = Field(
        10, ge=2, le=10_000, description="groups of fewer customers are hidden from roles that see figures only"
    )
    requests_per_second: float = Field(
        100, gt=0, le=1_000_000, description="how often each key or account may ask, for each process of the server"
    )
    four_eyes: bool = Field(
        False,
        description="whether a second administrator must agree before anybody is given a role or a key that reads customers or manages accounts",
    )
    oidc: OidcSettings = Field(OidcSettings(), description="login by another provider: see [server.oidc]")
    audit: AuditSettings = Field(AuditSettings(), description="where the audit's head is kept: see [server.audit]")


class StreamSettings(Section):
    """One stream of events on a message broker; its address is a credential."""

    kind: Name = Field("redis", description="what kind of broker: redis, or one that an installed package brings")
    table: Literal["transactions", "customers", "contacts", "engagements"] = Field(
        "transactions", description="what its events are"
    )
    stream: str = Field("", description="its name on the broker; empty: as here")
    group: str = Field("patron", min_length=1, description="the group of consumers that Patron reads as")
    credential: str = Field(
        "", pattern=f"^$|{NAME_FORM}", description="the name of the credential that holds the address; empty: as here"
    )
    batch: int = Field(500, ge=1, le=10_000, description="how many messages are kept in one transaction")


class OverrideSettings(Section):
    """When a value that a person sets needs a second person."""

    four_eyes: bool = Field(
        False, description="true: whatever a person sets by hand waits until a second person has approved it"
    )
    four_eyes_above: float = Field(
        0,
        ge=0,
        description="the same, only where the customer's value, published or set, is above this amount; 0: no amount",
    )


class ReviewSettings(Section):
    """What is laid before a person, and until when."""

    due_days: int = Field(14, ge=1, le=366, description="days within which what waits is to be decided")
    most_of_a_kind: int = Field(
        200, ge=1, le=10_000, description="customers laid before people for one reason, those of most value first"
    )
    least_change: float = Field(
        0.5,
        gt=0,
        description="a value that changed since the release before by more than this share of the larger one is looked at",
    )


class Settings(Section):
    """Everything in patron.toml."""

    profile: Literal["retail", "bank", "subscription"] = Field("retail", description="whose words and defaults to use")
    as_of: str = Field(
        "auto",
        description="score as of this day (2024-06-30); auto: the last day on which a transaction happened or became known",
    )
    value: Value = Value()
    sources: dict[Name, Source] = Field(min_length=1)
    streams: dict[Name, StreamSettings] = Field({}, description="streams of events that 'patron consume' reads")
    reading: ReadingSettings = ReadingSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    quality: QualitySettings = QualitySettings()
    models: ModelSettings = ModelSettings()
    segments: SegmentSettings = SegmentSettings()
    releases: ReleaseSettings = ReleaseSettings()
    server: ServerSettings = ServerSettings()
    overrides: OverrideSettings = OverrideSettings()
    reviews: ReviewSettings = ReviewSettings()
    privacy: PrivacySettings = PrivacySettings()

    @field_validator("as_of")
    @classmethod
    def _as_of_is_a_day(cls, text: str) -> str:
        if text != "auto":
            try:
                date.fromisoformat(text)
            except ValueError as error:
                raise ValueError(f"'{text}' is no day of the calendar; write it as 2024-06-30, or auto") from error
        return text

    @model_validator(mode="after")
    def _versions_meet_versions(self) -> Settings:
        """Sources that share the rows of a keyed table must agree on what the newest version of a row is."""
        for table in SOURCE_TABLES:
            if "row_id" not in table.names:
                filling = {name: source for name, source in self.sources.items() if source.table == table.name}
                without = [name for name, source in filling.items() if not source.row_version]
                if without and len(without) < len(filling):
                    raise ValueError(
                        f"table {table.name} is filled by sources with a row_version and without ({', '.join(without)}); "
                        "give each of them one, or none"
                    )
        return self

    @model_validator(mode="after")
    def _lake_has_no_ids(self) -> Settings:
        fetched = [name for name, source in self.sources.items() if source.connector != FILES_CONNECTOR]
        plain = [name for name in fetched if "customer_id" in self.sources[name].columns]
        if self.privacy.pseudonyms and plain:
            raise ValueError(
                f"privacy.pseudonyms keeps ids out of the workspace, but what source '{plain[0]}' fetches is kept in the lake "
                "as it came; export it to files, or set pseudonyms = false"
            )
        return self

    @model_validator(mode="after")
    def _has_transactions(self) -> Settings:
        if not any(source.table == "transactions" for source in self.sources.values()):
            raise ValueError("no source fills the table transactions; at least one must")
        return self
