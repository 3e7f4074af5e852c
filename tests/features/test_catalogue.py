from __future__ import annotations

from features.silver_cast import EVERYTHING, ORDERS_ONLY
from patron.features.catalogue import FEATURES, available_features
from patron.features.catalogue_text import catalogue_markdown
from patron.features.feature import is_met
from patron.tables import silver_columns, source_table

RELIED_ON = {
    "frequency", "recency", "T", "monetary_value", "orders", "purchase_days", "historic_value", "gross_value",
    "refund_value", "days_since_last_purchase", "trailing_value", "trailing_orders", "first_day", "last_day",
}  # fmt: skip


def test_names_are_unique_and_everything_is_said_of_each_feature() -> None:
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    for feature in FEATURES:
        assert all((feature.name, feature.formula, feature.unit, feature.window, feature.family, feature.meaning)), (
            feature
        )


def test_plain_orders_already_give_forty_five_features_and_those_that_other_rooms_rely_on() -> None:
    names = {feature.name for feature in available_features(ORDERS_ONLY)}
    assert len(names) >= 45
    assert names >= RELIED_ON


def test_everything_mapped_gives_every_feature() -> None:
    assert available_features(EVERYTHING) == FEATURES


def test_features_need_only_declared_columns() -> None:
    for feature in FEATURES:
        for column in (name for group in feature.needs for name in group):
            table, name = column.split(".")
            assert name in {declared.name for declared in silver_columns(source_table(table))}


def test_the_category_may_come_from_the_line_or_from_the_product() -> None:
    category = next(feature for feature in FEATURES if feature.name == "categories")
    assert is_met(category.needs, {"transactions": frozenset({"category"})})
    assert is_met(category.needs, {"transactions": frozenset({"product_id"}), "products": frozenset({"category"})})
    assert not is_met(category.needs, {"products": frozenset({"category"})})


def test_contacts_that_cannot_be_placed_in_time_give_no_features() -> None:
    undated = ORDERS_ONLY | {"contacts": frozenset({"customer_id", "campaign_id"})}
    dated = undated | {"campaigns": frozenset({"campaign_id", "started_on"})}
    assert "contacts" not in {feature.name for feature in available_features(undated)}
    names = {feature.name for feature in available_features(dated)}
    assert "contacts" in names
    assert "responses" not in names


def test_the_text_has_a_row_for_each_feature_with_its_formula() -> None:
    text = catalogue_markdown()
    for feature in FEATURES:
        assert (
            f"| `{feature.name}` | {feature.meaning} | {feature.formula} | {feature.unit} | {feature.window} |" in text
        )
    assert all(line.count("|") == 7 for line in text.splitlines() if line.startswith("|"))
