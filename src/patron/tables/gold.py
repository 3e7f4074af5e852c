"""The gold tables: what is published of customers, of segments, of the months ahead, and where columns come from."""

from __future__ import annotations

from patron.tables.declared import Table, column

SCORES = Table(
    "scores",
    "gold",
    ("customer_id",),
    "What each customer is worth.",
    (
        column("customer_id", "id", "who", required=True),
        column("as_of", "date", "history up to and including this day", required=True),
        column("horizon_days", "count", "how far ahead", required=True),
        column("expected_orders", "real", "orders expected within the horizon", required=True),
        column(
            "expected_value", "real", "value expected within the horizon, in the contract's currency", required=True
        ),
        column("value_low", "real", "lower end of the 80 % interval of the value", required=True),
        column("value_high", "real", "upper end of the 80 % interval of the value", required=True),
        column("probability_alive", "share", "chance of being an active customer today", required=True),
        column("probability_no_purchase", "share", "chance of no purchase within the horizon", required=True),
        column("historic_value", "real", "value so far", required=True),
        column("total_value", "real", "historic + expected value", required=True),
        column(
            "next_purchase_from", "date", "the next purchase, if there is one, falls after this day with 90 % chance"
        ),
        column("next_purchase_to", "date", "… and before this day with 90 % chance"),
        column("confidence", "text", "high, medium or low", required=True),
        column("model", "id", "the model that made the value", required=True),
    ),
)
SEGMENTS = Table(
    "segments",
    "gold",
    ("customer_id",),
    "Which group each customer belongs to, in parallel views, and where they are heading. A raw label is what this run's numbers "
    "alone would give; the label itself stays as it was while numbers a little off would give it.",
    (
        column("customer_id", "id", "who", required=True),
        column("as_of", "date", "history up to and including this day", required=True),
        column("tier", "text", "high, medium or low expected value", required=True),
        column("raw_tier", "text", "the raw label of tier", required=True),
        column("recency_score", "count", "1 (long ago) to 5 (recent)", required=True),
        column("frequency_score", "count", "1 to 5", required=True),
        column("monetary_score", "count", "1 to 5", required=True),
        column("rfm_segment", "text", "one of the eleven RFM names", required=True),
        column("raw_rfm_segment", "text", "the raw label of rfm_segment", required=True),
        column("lifecycle", "text", "the stage in the customer's own rhythm: New, Regular, Slowing …", required=True),
        column("raw_lifecycle", "text", "the raw label of lifecycle", required=True),
        column(
            "cluster_id",
            "count",
            "the behavioural cluster, a number that it keeps between runs; empty without clusters",
        ),
        column("cluster", "text", "the cluster's name"),
        column("cluster_chance", "share", "how sure the classifier is of the cluster"),
        column("raw_cluster_id", "count", "the raw label of cluster_id"),
        column(
            "seasonal_type", "text", "when in the year or week they buy, where that is more than chance", required=True
        ),
        column("place", "text", "the finest area that holds enough customers; empty where no place is known"),
        column(
            "branch", "text", "the branch of most of their purchases, or their own; empty where branches are not known"
        ),
        column("brought_tier", "text", "the tier of what they brought over the last horizon", required=True),
        column(
            "next_tier",
            "text",
            "the likeliest tier of what they will bring over the next one, by a model in which money counts",
            required=True,
        ),
        column(
            "next_tier_chance",
            "share",
            "the chance of that tier, all customers counting alike; empty where nothing could be learnt",
        ),
        column("tier_outlook", "text", "up, same or down: next_tier beside brought_tier", required=True),
        column(
            "next_rfm_segment",
            "text",
            "the likeliest RFM name one horizon from now, by a model in which money counts",
            required=True,
        ),
        column(
            "next_rfm_chance",
            "share",
            "the chance of that name, all customers counting alike; empty where nothing could be learnt",
        ),
    ),
)
MOVES = Table(
    "moves",
    "gold",
    ("customer_id", "view"),
    "Who belongs to another group than in the release before, and why.",
    (
        column("customer_id", "id", "who", required=True),
        column("view", "id", "tier, rfm_segment, lifecycle or cluster", required=True),
        column("before", "text", "the group in the release before", required=True),
        column("now", "text", "the group now", required=True),
        column("because", "text", "why, in a sentence", required=True),
        column("value_before", "real", "the expected value in the release before", required=True),
        column("value_now", "real", "the expected value now", required=True),
    ),
)
MEMBERS = Table(
    "members",
    "gold",
    ("customer_id", "rule"),
    "Who belongs to the groups of your own rules; a customer may belong to several, or to none.",
    (
        column("customer_id", "id", "who", required=True),
        column("rule", "text", "the rule's name", required=True),
    ),
)
BEHAVIOUR = Table(
    "behaviour",
    "gold",
    ("customer_id",),
    "How each customer behaves lately: how engaged, whether about to be lost and what that would cost, and who is rising.",
    (
        column("customer_id", "id", "who", required=True),
        column("as_of", "date", "history up to and including this day", required=True),
        column("churn_chance", "share", "chance of no purchase within the horizon", required=True),
        column("engagement", "real", "0 to 100: the sum of the parts that follow", required=True),
        column(
            "engagement_recency", "real", "points for a recent purchase, in the customer's own rhythm", required=True
        ),
        column(
            "engagement_frequency",
            "real",
            "points for orders over the last horizon, beside other customers",
            required=True,
        ),
        column(
            "engagement_value", "real", "points for money over the last horizon, beside other customers", required=True
        ),
        column("engagement_trend", "real", "points for the last 90 days' part of the last 180", required=True),
        column("engagement_variety", "real", "points for categories or products bought; empty where none are known"),
        column(
            "engagement_response", "real", "points for opens, clicks and visits of late; empty where none are known"
        ),
        column("alert", "text", "act now, watch or calm", required=True),
        column(
            "alert_chance",
            "share",
            "chance of bringing less than half of what the last horizon brought; empty where nothing could be learnt",
        ),
        column("alert_because", "text", "why, in a sentence; empty for who is calm"),
        column("usual_value", "real", "what 90 days bring at the pace of the last horizon", required=True),
        column("value_at_risk", "real", "the loss expected of the next 90 days, beside the usual value", required=True),
        column("value_at_risk_tail", "real", "the loss that one case in twenty exceeds", required=True),
        column(
            "savable_value",
            "real",
            "value_at_risk times the chance that the customer has not left; the same where the purchase process sees nobody leave",
            required=True,
        ),
        column(
            "rising",
            "flag",
            "below the high tier by what they brought, and among those of whom most is expected",
            required=True,
        ),
        column(
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
        column("customer_id", "id", "who, of this release or the one before", required=True),
        column(
            "value_before", "money", "the expected value in the release before; 0 for who was not in it", required=True
        ),
        column("new", "money", "the value of a customer who was not there before", required=True),
        column("purchases", "money", "what buying since, and what else they did, has changed", required=True),
        column("silence", "money", "what the time since would have changed, had nothing happened", required=True),
        column("refunds", "money", "what refunds since have changed", required=True),
        column(
            "corrections",
            "money",
            "what corrected, late and deleted rows have changed; who is gone, whole",
            required=True,
        ),
        column(
            "model_change",
            "money",
            "what another model, horizon or setting has changed; all, where the model before cannot be asked",
            required=True,
        ),
        column("overrides", "money", "what people's overrides have changed", required=True),
        column("value_now", "money", "the expected value now; 0 for who is gone", required=True),
    ),
)
FORECAST = Table(
    "forecast",
    "gold",
    ("month",),
    "Revenue of the calendar months ahead, of all customers, known and to come, and of nobody in particular.",
    (
        column("month", "text", "2026-11; a month that has begun counts from its first day", required=True),
        column("expected", "real", "revenue expected, both views reconciled", required=True),
        column(
            "low", "real", "lower end of the 80 % interval; empty where no earlier origin says how far off it may be"
        ),
        column("high", "real", "upper end of the 80 % interval"),
        column("so_far", "real", "what is in already, of a month that has begun", required=True),
        column("bottom_up", "real", "what the customers' values add up to", required=True),
        column("top_down", "real", "the monthly series carried on", required=True),
        column("anonymous", "real", "the part of expected that names no customer", required=True),
    ),
)
FORECAST_COHORTS = Table(
    "forecast_cohorts",
    "gold",
    ("cohort", "month"),
    "The customers' part of the forecast, by the month in which they came or will come.",
    (
        column("cohort", "text", "the month in which these customers came or will come, 2026-11", required=True),
        column("month", "text", "the month of the revenue", required=True),
        column("customers", "real", "how many they are, or are expected to be", required=True),
        column("expected", "real", "revenue expected of them in the month", required=True),
    ),
)
LINEAGE = Table(
    "lineage",
    "gold",
    ("to_layer", "to_table", "to_column", "from_layer", "from_table", "from_column", "step"),
    "Which column is made from which, from the sources' own columns and the settings to the scores.",
    (
        column("step", "id", "the step in which it is made", required=True),
        column("from_layer", "id", "source, setting, bronze, silver, work or gold", required=True),
        column("from_table", "id", "the file or table of the column it is made from", required=True),
        column("from_column", "id", "that column", required=True),
        column("to_layer", "id", "bronze, silver, work or gold", required=True),
        column("to_table", "id", "the table of the column that is made", required=True),
        column("to_column", "id", "that column", required=True),
        column("how", "text", "copied, computed, counted, learnt or filtered", required=True),
        column("formula", "text", "the formula or the words for what is made, where there are any", required=True),
    ),
)
