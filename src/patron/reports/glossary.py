"""The words of the report, each in one plain sentence."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    ("As of", "The last day the report knows of: history up to and including it, nothing after."),
    ("Horizon", "The number of days after that day over which value is expected."),
    ("Expected value", "What a customer should bring within the horizon, on average over what may happen."),
    ("80% interval", "The range that should hold the true value for four customers in five."),
    ("Chance of being active", "How likely the customer still is one, and has not quietly left for good."),
    ("Next-purchase window", "The days between which the next purchase should fall, if there is one, 8 times in 10."),
    ("Confidence", "How narrow a customer's interval is, and how much history stands behind it."),
    ("Value tier", "High, medium or low: customers ordered by expected value and cut at fixed shares of it."),
    ("RFM", "Recency, frequency and monetary value of past purchases, each scored 1 to 5, and named together."),
    ("Backtest", "Predicting from a past day with what was known then, and comparing with what followed."),
    ("Baseline", "A plain rule, such as 'the same as last time'; a model that cannot beat it is not used."),
    ("Champion", "The model that won the backtest, and makes the published values."),
    ("WAPE", "The sum of all errors, regardless of sign, as a share of the actual total; 0 is perfect."),
    ("RMSE", "The typical error per customer, counting large errors more."),
    ("Bias", "How far the predicted total lies above (+) or below (−) the actual one."),
    ("Normalised Gini", "How well customers are put in order of value: 1 is perfect, 0 is chance."),
    ("Captured by the top 20%", "The share of actual value that the 20% predicted highest really brought."),
    ("Coverage", "How often the actual value fell inside its interval."),
    ("Standard error", "How far a figure would typically move had other customers been drawn; written after ±."),
    ("Slice", "The customers of one tier, tenth, cohort, country, branch or channel, looked at by themselves."),
    ("Bridge", "Why values differ from the release before, in parts that add up to the change exactly."),
    ("Cluster", "Customers who do alike, found from what they do and not from a rule."),
    ("Silhouette", "How much closer customers lie to their own cluster than to the next: 1 is apart, 0 is no border."),
    ("Davies–Bouldin", "How wide clusters are beside the distances between them; less is cleaner."),
    ("Calinski–Harabasz", "How far clusters lie apart beside how wide they are; more is tighter."),
    ("Stability", "How alike the clusters are that resamples give: 1 is the same, 0 is chance."),
    ("Value told", "The share of the differences in customers' rank by value that lies between clusters."),
    ("Nothing changes", "The plain rule that every customer stays in the present group; a model must beat it."),
    ("Engagement", "0 to 100 points for recency, frequency, value, trend and variety of late."),
    (
        "Value at risk",
        "How much less than usual is expected of 90 days; the part that can be saved is of those still there.",
    ),
    ("Rising", "Below the high tier by what they brought, and among those of whom most is expected."),
    ("Quarantine", "Rows that cannot be believed, kept whole with their reason, and left out of every figure."),
    ("Review flag", "Rows that are odd but possible: they count, and wait for a person to look at them."),
    ("Anonymous revenue", "Sales without a customer: part of revenue, but of nobody's value."),
)
