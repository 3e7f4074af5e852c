"""Segments of the user's own: rules over a customer's columns, checked, worded, counted and made into memberships."""

from patron.segments.rules.checking import rule_faults
from patron.segments.rules.columns import RuleColumn, rule_columns
from patron.segments.rules.conditions import refuse_unmet
from patron.segments.rules.counting import RuleCount, count_rules, read_counts, rule_flags, rule_memberships
from patron.segments.rules.customers import described_customers
from patron.segments.rules.unheld import UnheldName, named_columns, unheld_names
from patron.segments.rules.wording import rule_text

__all__ = [
    "RuleColumn",
    "RuleCount",
    "UnheldName",
    "count_rules",
    "described_customers",
    "named_columns",
    "read_counts",
    "refuse_unmet",
    "rule_columns",
    "rule_faults",
    "rule_flags",
    "rule_memberships",
    "rule_text",
    "unheld_names",
]
