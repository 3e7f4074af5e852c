"""Every table, declared once: its name, layer, key, columns, types and what they mean.

Rooms meet here. A column's *kind* is one of the words of ``KINDS``; each room translates kinds, never
its neighbours' types. Times are UTC; a day is a whole number of days since 1970-01-01 (``periods``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from patron.errors import UnknownName

Kind = Literal["id", "text", "money", "quantity", "count", "day", "moment", "date", "share", "real", "flag"]
Layer = Literal["bronze", "silver", "gold"]

MONEY_SCALE: Final = 4
KINDS: Final[dict[Kind, str]] = {
    "id": "a name of a thing, compared exactly",
    "text": "words",
    "money": "decimal(18,4) in the value contract's currency",
    "quantity": "decimal(18,4)",
    "count": "whole number",
    "day": "whole days since 1970-01-01",
    "moment": "date and time, UTC",
    "date": "calendar day",
    "share": "0 to 1",
    "real": "64-bit float",
    "flag": "true or false",
}


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what kind of value it holds, and what it means."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: where it lives, what identifies a row, and its columns."""

    name: str
    layer: Layer
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName(f"column of table {self.name}", name, self.names)


def _c(name: str, kind: Kind, meaning: str, required: bool = False) -> Column:
    return Column(name, kind, meaning, required)


# What a source may fill: the columns a mapping can name. Silver adds PROVENANCE to each.
TRANSACTIONS = Table(
    "transactions",
    "silver",
    ("file_id", "line"),
    "What was bought, given back or moved: one row per line of a receipt, or per order.",
    (
        _c("row_id", "id", "the source's own unique id of this row, where it declares one"),
        _c("customer_id", "id", "who; empty means an anonymous sale, which stays anonymous"),
        _c(
            "order_id",
            "id",
            "the order, invoice, basket or ticket that the row belongs to; empty means that each row is one",
        ),
        _c("occurred_at", "moment", "when it happened", required=True),
        _c("known_at", "moment", "when it became known; empty means when it happened"),
        _c(
            "amount",
            "money",
            "signed value of the row; negative gives money back. Or quantity × unit_price",
            required=True,
        ),
        _c("quantity", "quantity", "pieces; negative for returned pieces"),
        _c("unit_price", "money", "price of one piece"),
        _c("discount", "money", "money taken off, as a positive number"),
        _c("margin", "money", "what the row earned after cost"),
        _c("product_id", "id", "what was bought"),
        _c("category", "text", "what kind of thing; taken from products where absent"),
        _c("branch_id", "id", "where: branch, store or site"),
        _c("channel", "text", "how: web, shop, phone"),
        _c("country", "text", "country of the sale or of the customer"),
        _c("currency", "text", "currency of the row; must be the value contract's"),
    ),
)
CUSTOMERS = Table(
    "customers",
    "silver",
    ("customer_id",),
    "Who: one row per customer or account.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("acquired_on", "date", "first day as a customer"),
        _c("birth_date", "date", "born on"),
        _c("gender", "text", "as the source writes it"),
        _c("country", "text", "country"),
        _c("region", "text", "region or postcode area"),
        _c("postcode", "text", "postcode"),
        _c("latitude", "quantity", "degrees north, -90 to 90; beyond that the place counts as unknown"),
        _c("longitude", "quantity", "degrees east, -180 to 180; beyond that the place counts as unknown"),
        _c("branch_id", "id", "home branch"),
        _c("acquisition_channel", "text", "how the customer came"),
        _c("plan", "text", "product, plan or account type"),
    ),
)
PRODUCTS = Table(
    "products",
    "silver",
    ("product_id",),
    "What is sold: one row per article.",
    (
        _c("product_id", "id", "what", required=True),
        _c("product_name", "text", "its name"),
        _c("category", "text", "what kind of thing"),
        _c("brand", "text", "whose"),
    ),
)
BRANCHES = Table(
    "branches",
    "silver",
    ("branch_id",),
    "Where: one row per branch, store or district.",
    (
        _c("branch_id", "id", "where", required=True),
        _c("branch_name", "text", "its name"),
        _c("region", "text", "region"),
        _c("country", "text", "country"),
    ),
)
CAMPAIGNS = Table(
    "campaigns",
    "silver",
    ("campaign_id",),
    "What was run to win custom.",
    (
        _c("campaign_id", "id", "which", required=True),
        _c("campaign_name", "text", "its name or type"),
        _c("channel", "text", "e-mail, post, phone"),
        _c("started_on", "date", "first day"),
        _c("ended_on", "date", "last day"),
    ),
)
CONTACTS = Table(
    "contacts",
    "silver",
    ("customer_id", "campaign_id", "contacted_at"),
    "Who was contacted, when and by what; held_out marks the control group.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("campaign_id", "id", "by which campaign", required=True),
        _c("contacted_at", "moment", "when; empty means the campaign's first day"),
        _c("held_out", "flag", "true for the control group, who were not contacted"),
        _c("responded_at", "moment", "when the customer responded, redeemed or clicked"),
        _c("cost", "money", "what the contact cost"),
    ),
)
ENGAGEMENTS = Table(
    "engagements",
    "silver",
    ("customer_id", "occurred_at", "known_at", "kind", "campaign_id", "channel", "product_id", "value"),
    "What people did short of buying: messages opened, links clicked, pages visited. Equal events are one event.",
    (
        _c("row_id", "id", "the source's own unique id of this event, where it declares one"),
        _c("customer_id", "id", "who; empty means a visitor who is not known"),
        _c("occurred_at", "moment", "when it happened", required=True),
        _c("known_at", "moment", "when it became known; empty means when it happened"),
        _c("kind", "text", "what: email_open, click, visit, or a word of the source's own", required=True),
        _c("campaign_id", "id", "which campaign it answers"),
        _c("channel", "text", "where: e-mail, web, app"),
        _c("product_id", "id", "what was looked at"),
        _c("value", "quantity", "how much of it: seconds, pages, points"),
    ),
)
REVIEWS = Table(
    "reviews",
    "silver",
    ("customer_id", "occurred_at", "known_at", "product_id", "rating", "text"),
    "What people said of what they bought. Equal reviews are one review.",
    (
        _c("row_id", "id", "the source's own unique id of this review, where it declares one"),
        _c("customer_id", "id", "who; empty means a reviewer who is not known"),
        _c("occurred_at", "moment", "when it was written", required=True),
        _c("known_at", "moment", "when it became known; empty means when it was written"),
        _c("product_id", "id", "of what"),
        _c("rating", "quantity", "stars or points, on the source's own scale"),
        _c("text", "text", "the words"),
    ),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    "silver",
    ("customer_id", "started_on"),
    "Contracts: when each began and, if it did, ended.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("plan", "text", "which plan"),
        _c("started_on", "date", "first day", required=True),
        _c("ended_on", "date", "last day; empty while it runs"),
        _c("price", "money", "price of one period"),
        _c("period", "text", "month or year"),
    ),
)
SOURCE_TABLES: Final = (
    TRANSACTIONS,
    CUSTOMERS,
    PRODUCTS,
    BRANCHES,
    CAMPAIGNS,
    CONTACTS,
    ENGAGEMENTS,
    REVIEWS,
    SUBSCRIPTIONS,
)

ROW_VERSION: Final = "row_version"
IS_DELETED: Final = "is_deleted"
PROVENANCE: Final = (
    _c("source", "id", "the source the row came from", required=True),
    _c("file_id", "id", "sha256 of the file the row came from", required=True),
    _c("line", "count", "its line (or row) in that file, counting from 1", required=True),
    _c("arrived_at", "moment", "when the file arrived", required=True),
    _c("superseded_at", "moment", "when a corrected or newer row replaced this one; empty while it holds"),
    _c(
        ROW_VERSION,
        "count",
        "which version of the row this is, where its source declares it: a whole number, or microseconds since 1970-01-01",
    ),
    _c(IS_DELETED, "flag", "true for a version that says the row is gone; such a version never holds"),
)
# Columns that Patron computes for each accepted transaction.
DERIVED: Final = (
    _c("occurred_day", "day", "day of occurred_at", required=True),
    _c(
        "visible_day",
        "day",
        "the later of occurred_day and the day it became known: from here on features may see it",
        required=True,
    ),
    _c("is_refund", "flag", "a cancellation or return", required=True),
    _c("row_hash", "count", "64-bit hash of the row's content, for finding repeats", required=True),
)

FILES = Table(
    "files",
    "bronze",
    ("file_id", "source"),
    "Every file that was ever read, once.",
    (
        _c("file_id", "id", "sha256 of its bytes", required=True),
        _c("source", "id", "the source it belongs to", required=True),
        _c("name", "text", "its name", required=True),
        _c("path", "text", "where it was found, from the workspace", required=True),
        _c("bytes", "count", "its size", required=True),
        _c("columns", "text", "its columns in order, a JSON list", required=True),
        _c("reading", "id", "digest of the settings it was read with", required=True),
        _c("rows_in", "count", "data rows found in it", required=True),
        _c("arrived_at", "moment", "when it was first read", required=True),
    ),
)
_ENTRY: Final = _c(
    "entry", "id", "under which a person finds it in the queue: the same for the same content", required=True
)
QUARANTINE = Table(
    "quarantine",
    "silver",
    ("file_id", "line"),
    "Rows that cannot be believed, whole, with the reason.",
    (
        _c("source", "id", "the source", required=True),
        _c("file_id", "id", "the file", required=True),
        _c("line", "count", "the line in it", required=True),
        _c("reason", "id", "reason code", required=True),
        _c("detail", "text", "what was wrong, with the value", required=True),
        _c("raw", "text", "the row as it came", required=True),
        _c("arrived_at", "moment", "when it arrived", required=True),
        _ENTRY,
    ),
)
REVIEW = Table(
    "review",
    "silver",
    ("file_id", "line", "flag"),
    "Rows that are odd but possible: kept, counted, and listed for a person to look at.",
    (
        _c("source", "id", "the source", required=True),
        _c("file_id", "id", "the file", required=True),
        _c("line", "count", "the line in it", required=True),
        _c("flag", "id", "what is odd", required=True),
        _c("detail", "text", "with the value", required=True),
        _ENTRY,
    ),
)
REJECTS = Table(
    "rejects",
    "bronze",
    ("file_id", "line"),
    "Lines that could not be read as a row of their file at all, whole, with the reason.",
    QUARANTINE.columns[:-1],
)
DECIDED = Table(
    "decided",
    "silver",
    ("file_id", "line", "entry"),
    "Rows that are what they are because a person decided it, with who, when and why.",
    (
        _c("source", "id", "the source", required=True),
        _c("file_id", "id", "the file", required=True),
        _c("line", "count", "the line in it", required=True),
        _ENTRY,
        _c("reason", "id", "why the row was asked about", required=True),
        _c("verdict", "text", "accept, fix or drop", required=True),
        _c("changes", "text", "of a fix: by the source's column, what came and what stands in its place, JSON"),
        _c("by", "text", "who decided", required=True),
        _c("because", "text", "why", required=True),
        _c("decided_at", "moment", "when", required=True),
    ),
)
INTAKE = Table(
    "intake",
    "silver",
    ("file_id", "source"),
    "For each file: rows in = accepted + duplicate + quarantined.",
    (
        _c("source", "id", "the source", required=True),
        _c("file_id", "id", "the file", required=True),
        _c("table_name", "id", "the silver table it fills", required=True),
        _c("meaning", "id", "digest of the settings its rows were judged by", required=True),
        _c("rows_in", "count", "data rows in the file", required=True),
        _c("accepted", "count", "believed", required=True),
        _c("anonymous", "count", "of the accepted ones, without a customer", required=True),
        _c("duplicate", "count", "already there, or repeated under one row id", required=True),
        _c("quarantined", "count", "set aside", required=True),
        _c("superseded_at", "moment", "when another state of the file took its place; empty while its rows count"),
    ),
)
BATCH_PROFILES = Table(
    "batch_profiles",
    "silver",
    ("source", "file_id", "column_name", "bin"),
    "Each file in a few counts, by which later files are told to be usual: values of a column by bin, rows and days of the whole.",
    (
        _c("source", "id", "the source", required=True),
        _c("file_id", "id", "the file", required=True),
        _c("table_name", "id", "the silver table it fills", required=True),
        _c("column_name", "id", "the column; empty for counts of the whole file", required=True),
        _c(
            "bin",
            "text",
            "sign and tenth of a decade of a number, three hours of a day, a word; or what is counted",
            required=True,
        ),
        _c("rows", "count", "how many rows", required=True),
    ),
)
QUALITY_RESULTS = Table(
    "quality_results",
    "silver",
    ("checked_at", "check_name", "subject"),
    "What every quality check found, run by run; kept also where it stopped the run.",
    (
        _c("run_key", "id", "the run", required=True),
        _c("checked_at", "moment", "when the run began", required=True),
        _c("layer", "id", "lake, bronze, silver or gold", required=True),
        _c("check_name", "id", "the check, named alike in every export", required=True),
        _c("table_name", "id", "the table (or source) it looks at", required=True),
        _c("column_name", "text", "its columns; empty for the whole table"),
        _c("kind", "id", "what it asks: unique, range, volume …", required=True),
        _c("severity", "id", "block or warn", required=True),
        _c("subject", "text", "the file it is about; empty for the whole table"),
        _c("passed", "flag", "whether the figure is within its bounds", required=True),
        _c("figure", "real", "what was measured; empty where it is no number"),
        _c("least", "real", "the least allowed"),
        _c("most", "real", "the most allowed"),
        _c("words", "text", "what was found, in words", required=True),
        _c("to_do", "text", "what to do about it"),
    ),
)
SCORES = Table(
    "scores",
    "gold",
    ("customer_id",),
    "What each customer is worth.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("as_of", "date", "history up to and including this day", required=True),
        _c("horizon_days", "count", "how far ahead", required=True),
        _c("expected_orders", "real", "orders expected within the horizon", required=True),
        _c("expected_value", "real", "value expected within the horizon, in the contract's currency", required=True),
        _c("value_low", "real", "lower end of the 80 % interval of the value", required=True),
        _c("value_high", "real", "upper end of the 80 % interval of the value", required=True),
        _c("probability_alive", "share", "chance of being an active customer today", required=True),
        _c("probability_no_purchase", "share", "chance of no purchase within the horizon", required=True),
        _c("historic_value", "real", "value so far", required=True),
        _c("total_value", "real", "historic + expected value", required=True),
        _c("next_purchase_from", "date", "the next purchase, if there is one, falls after this day with 90 % chance"),
        _c("next_purchase_to", "date", "… and before this day with 90 % chance"),
        _c("confidence", "text", "high, medium or low", required=True),
        _c("model", "id", "the model that made the value", required=True),
    ),
)
SEGMENTS = Table(
    "segments",
    "gold",
    ("customer_id",),
    "Which group each customer belongs to, in parallel views, and where they are heading. A raw label is what this run's numbers "
    "alone would give; the label itself stays as it was while numbers a little off would give it.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("as_of", "date", "history up to and including this day", required=True),
        _c("tier", "text", "high, medium or low expected value", required=True),
        _c("raw_tier", "text", "the raw label of tier", required=True),
        _c("recency_score", "count", "1 (long ago) to 5 (recent)", required=True),
        _c("frequency_score", "count", "1 to 5", required=True),
        _c("monetary_score", "count", "1 to 5", required=True),
        _c("rfm_segment", "text", "one of the eleven RFM names", required=True),
        _c("raw_rfm_segment", "text", "the raw label of rfm_segment", required=True),
        _c("lifecycle", "text", "the stage in the customer's own rhythm: New, Regular, Slowing …", required=True),
        _c("raw_lifecycle", "text", "the raw label of lifecycle", required=True),
        _c(
            "cluster_id",
            "count",
            "the behavioural cluster, a number that it keeps between runs; empty without clusters",
        ),
        _c("cluster", "text", "the cluster's name"),
        _c("cluster_chance", "share", "how sure the classifier is of the cluster"),
        _c("raw_cluster_id", "count", "the raw label of cluster_id"),
        _c("seasonal_type", "text", "when in the year or week they buy, where that is more than chance", required=True),
        _c("place", "text", "the finest area that holds enough customers; empty where no place is known"),
        _c("brought_tier", "text", "the tier of what they brought over the last horizon", required=True),
        _c("next_tier", "text", "the tier of what they will bring over the next one", required=True),
        _c("next_tier_chance", "share", "how sure that is; empty where nothing could be learnt"),
        _c("tier_outlook", "text", "up, same or down: next_tier beside brought_tier", required=True),
        _c("next_rfm_segment", "text", "the RFM name they will carry one horizon from now", required=True),
        _c("next_rfm_chance", "share", "how sure that is; empty where nothing could be learnt"),
    ),
)
MOVES = Table(
    "moves",
    "gold",
    ("customer_id", "view"),
    "Who belongs to another group than in the release before, and why.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("view", "id", "tier, rfm_segment, lifecycle or cluster", required=True),
        _c("before", "text", "the group in the release before", required=True),
        _c("now", "text", "the group now", required=True),
        _c("because", "text", "why, in a sentence", required=True),
        _c("value_before", "real", "the expected value in the release before", required=True),
        _c("value_now", "real", "the expected value now", required=True),
    ),
)
MEMBERS = Table(
    "members",
    "gold",
    ("customer_id", "rule"),
    "Who belongs to the groups of your own rules; a customer may belong to several, or to none.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("rule", "text", "the rule's name", required=True),
    ),
)
BEHAVIOUR = Table(
    "behaviour",
    "gold",
    ("customer_id",),
    "How each customer behaves lately: how engaged, whether about to be lost and what that would cost, and who is rising.",
    (
        _c("customer_id", "id", "who", required=True),
        _c("as_of", "date", "history up to and including this day", required=True),
        _c("churn_chance", "share", "chance of no purchase within the horizon", required=True),
        _c("engagement", "real", "0 to 100: the sum of the parts that follow", required=True),
        _c("engagement_recency", "real", "points for a recent purchase, in the customer's own rhythm", required=True),
        _c(
            "engagement_frequency",
            "real",
            "points for orders over the last horizon, beside other customers",
            required=True,
        ),
        _c("engagement_value", "real", "points for money over the last horizon, beside other customers", required=True),
        _c("engagement_trend", "real", "points for the last 90 days' part of the last 180", required=True),
        _c("engagement_variety", "real", "points for categories or products bought; empty where none are known"),
        _c("engagement_response", "real", "points for opens, clicks and visits of late; empty where none are known"),
        _c("alert", "text", "act now, watch or calm", required=True),
        _c(
            "alert_chance",
            "share",
            "chance of bringing less than half of what the last horizon brought; empty where nothing could be learnt",
        ),
        _c("alert_because", "text", "why, in a sentence; empty for who is calm"),
        _c("usual_value", "real", "what 90 days bring at the pace of the last horizon", required=True),
        _c("value_at_risk", "real", "the loss expected of the next 90 days, beside the usual value", required=True),
        _c("value_at_risk_tail", "real", "the loss that one case in twenty exceeds", required=True),
        _c("savable_value", "real", "the part of the expected loss whose customer is still there", required=True),
        _c(
            "rising",
            "flag",
            "below the high tier by what they brought, and among those of whom most is expected",
            required=True,
        ),
        _c(
            "potential",
            "real",
            "how much more is expected over the next horizon than the last one brought",
            required=True,
        ),
    ),
)
BRIDGE = Table(
    "bridge",
    "gold",
    ("customer_id",),
    "Why each customer's value differs from the release before: parts that add up to the change exactly. Empty for a first release.",
    (
        _c("customer_id", "id", "who, of this release or the one before", required=True),
        _c("value_before", "money", "the expected value in the release before; 0 for who was not in it", required=True),
        _c("new", "money", "the value of a customer who was not there before", required=True),
        _c("purchases", "money", "what buying since, and what else they did, has changed", required=True),
        _c("silence", "money", "what the time since would have changed, had nothing happened", required=True),
        _c("refunds", "money", "what refunds since have changed", required=True),
        _c(
            "corrections",
            "money",
            "what corrected, late and deleted rows have changed; who is gone, whole",
            required=True,
        ),
        _c(
            "model_change",
            "money",
            "what another model, horizon or setting has changed; all, where the model before cannot be asked",
            required=True,
        ),
        _c("overrides", "money", "what people's overrides have changed", required=True),
        _c("value_now", "money", "the expected value now; 0 for who is gone", required=True),
    ),
)
FORECAST = Table(
    "forecast",
    "gold",
    ("month",),
    "Revenue of the calendar months ahead, of all customers, known and to come, and of nobody in particular.",
    (
        _c("month", "text", "2026-11; a month that has begun counts from its first day", required=True),
        _c("expected", "real", "revenue expected, both views reconciled", required=True),
        _c("low", "real", "lower end of the 80 % interval; empty where no earlier origin says how far off it may be"),
        _c("high", "real", "upper end of the 80 % interval"),
        _c("so_far", "real", "what is in already, of a month that has begun", required=True),
        _c("bottom_up", "real", "what the customers' values add up to", required=True),
        _c("top_down", "real", "the monthly series carried on", required=True),
        _c("anonymous", "real", "the part of expected that names no customer", required=True),
    ),
)
FORECAST_COHORTS = Table(
    "forecast_cohorts",
    "gold",
    ("cohort", "month"),
    "The customers' part of the forecast, by the month in which they came or will come.",
    (
        _c("cohort", "text", "the month in which these customers came or will come, 2026-11", required=True),
        _c("month", "text", "the month of the revenue", required=True),
        _c("customers", "real", "how many they are, or are expected to be", required=True),
        _c("expected", "real", "revenue expected of them in the month", required=True),
    ),
)
LINEAGE = Table(
    "lineage",
    "gold",
    ("to_layer", "to_table", "to_column", "from_layer", "from_table", "from_column", "step"),
    "Which column is made from which, from the sources' own columns and the settings to the scores.",
    (
        _c("step", "id", "the step in which it is made", required=True),
        _c("from_layer", "id", "source, setting, bronze, silver, work or gold", required=True),
        _c("from_table", "id", "the file or table of the column it is made from", required=True),
        _c("from_column", "id", "that column", required=True),
        _c("to_layer", "id", "bronze, silver, work or gold", required=True),
        _c("to_table", "id", "the table of the column that is made", required=True),
        _c("to_column", "id", "that column", required=True),
        _c("how", "text", "copied, computed, counted, learnt or filtered", required=True),
        _c("formula", "text", "the formula or the words for what is made, where there are any", required=True),
    ),
)
ALL_TABLES: Final = (
    *SOURCE_TABLES,
    FILES,
    REJECTS,
    QUARANTINE,
    REVIEW,
    DECIDED,
    INTAKE,
    BATCH_PROFILES,
    QUALITY_RESULTS,
    SCORES,
    SEGMENTS,
    MOVES,
    MEMBERS,
    BEHAVIOUR,
    BRIDGE,
    FORECAST,
    FORECAST_COHORTS,
    LINEAGE,
)


def source_table(name: str) -> Table:
    """The declared table a source may fill, by name."""
    for table in SOURCE_TABLES:
        if table.name == name:
            return table
    raise UnknownName("table", name, (table.name for table in SOURCE_TABLES))


def silver_columns(table: Table) -> tuple[Column, ...]:
    """A source table's columns as stored in silver: mapped, computed, provenance."""
    derived = DERIVED if table.name == TRANSACTIONS.name else ()
    return (*table.columns, *derived, *PROVENANCE)
