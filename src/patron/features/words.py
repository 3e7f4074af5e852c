"""What each column that describes a customer is called when people read it, and what many or few of it say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class FeatureWords:
    """One column in a reader's words: what it is, and what customers do (after "they") who have much or little of it."""

    noun: str
    high: str
    low: str


def words_of(name: str) -> FeatureWords:
    """The words of a feature, a score or a segment's column; those of an unknown name are made from the name."""
    if name in _WORDS:
        return _WORDS[name]
    for form, words in _FAMILIES:
        if match := form.fullmatch(name):
            return words(match)
    noun = " ".join(name.replace("_", " ").split()) or "an unnamed figure"
    return FeatureWords(noun, f"have a high {noun}", f"have a low {noun}")


def has_own_words(name: str) -> bool:
    """Whether these words were written for the name, and not made from it."""
    return name in _WORDS or any(form.fullmatch(name) for form, _ in _FAMILIES)


def _w(noun: str, high: str, low: str) -> FeatureWords:
    return FeatureWords(noun, high, low)


_PURCHASES: Final = {
    "frequency": _w("number of days they came back to buy", "come back to buy often", "rarely come back to buy"),
    "recency": _w(
        "time from first to last purchase", "have kept buying over a long time", "have bought over a short time only"
    ),
    "T": _w("time as a customer", "have been customers for long", "are new customers"),
    "monetary_value": _w(
        "money spent on a usual return visit", "spend a lot when they come back", "spend little when they come back"
    ),
    "orders": _w("number of orders", "buy often", "buy rarely"),
    "purchase_days": _w("number of days with a purchase", "buy on many days", "buy on few days"),
    "historic_value": _w("money spent so far", "have spent a lot so far", "have spent little so far"),
    "gross_value": _w(
        "money spent before refunds", "have bought for a lot before refunds", "have bought for little before refunds"
    ),
    "days_since_last_purchase": _w(
        "days since the last purchase", "have not bought for a long time", "bought recently"
    ),
    "first_day": _w("day of the first purchase", "started buying recently", "started buying long ago"),
    "last_day": _w("day of the last purchase", "have a recent last purchase", "have a last purchase that is long ago"),
    "mean_gap": _w("usual time between purchases", "leave long breaks between purchases", "buy at short intervals"),
    "std_gap": _w(
        "spread of the time between purchases, in days",
        "buy at times that vary by many days",
        "buy at times that vary by few days",
    ),
    "gap_variation": _w("irregularity of their rhythm", "buy irregularly", "buy in a steady rhythm"),
    "max_gap": _w("longest break so far", "have once stayed away for long", "have never stayed away for long"),
    "last_gap": _w(
        "time between the last two purchases", "took long to come back last time", "came back quickly last time"
    ),
    "gap_ratio": _w(
        "time since the last purchase against their usual pace",
        "are later than usual with their next purchase",
        "are not yet due for their next purchase",
    ),
    "trailing_value": _w(
        "money spent lately, over as many days as the forecast looks ahead",
        "spent a lot lately",
        "spent little lately",
    ),
    "trailing_orders": _w(
        "number of orders lately, over as many days as the forecast looks ahead",
        "ordered often lately",
        "ordered rarely lately",
    ),
}
_BASKETS: Final = {
    "mean_order_value": _w("money spent per order", "place large orders", "place small orders"),
    "max_order_value": _w(
        "money spent on the largest order", "have placed a very large order", "have never placed a large order"
    ),
    "first_day_value": _w("money spent on the first day", "started with a large purchase", "started with a small one"),
    "lines_per_order": _w("number of lines per order", "put many things on one receipt", "put few things on a receipt"),
    "items_per_order": _w("number of pieces per order", "buy many pieces at once", "buy few pieces at once"),
    "mean_item_value": _w("price of a usual piece", "buy expensive things", "buy inexpensive things"),
    "products": _w("number of different products bought", "buy many different products", "buy few different products"),
    "products_per_order": _w(
        "number of different products per order", "try new products all the time", "buy the same products again"
    ),
    "categories": _w("number of categories bought from", "buy across many categories", "buy from few categories"),
    "top_category_share": _w(
        "share of spending in their main category", "buy mostly from one category", "spread purchases over categories"
    ),
    "refund_value": _w(
        "money given back, as an amount below zero", "give back little or nothing", "give back for a lot of money"
    ),
    "refund_lines": _w("number of things given back", "give back many things", "give back few things"),
    "refund_share": _w(
        "share of purchases given back", "give back much of what they buy", "keep nearly all of what they buy"
    ),
    "days_since_last_refund": _w(
        "days since they last gave something back", "last gave something back long ago", "gave something back recently"
    ),
    "discount_share": _w("depth of discount", "buy at deep discounts", "buy at nearly full price"),
    "discounted_lines_share": _w(
        "share of purchases at a discount", "buy mostly things on offer", "rarely buy things on offer"
    ),
}
_PLACES_AND_TIMES: Final = {
    "branches": _w("number of branches visited", "use many branches", "use few branches"),
    "main_branch_share": _w(
        "share of spending at their main branch", "stay loyal to one branch", "spread purchases over branches"
    ),
    "channels": _w("number of channels used", "buy through many channels", "buy through few channels"),
    "main_channel_share": _w(
        "share of spending through their main channel", "stay with one channel", "switch between channels"
    ),
    "weekend_share": _w("share of orders at weekends", "buy mostly at weekends", "buy mostly on weekdays"),
    "same_season_value": _w(
        "money spent in the coming season a year ago",
        "spent a lot in this season last year",
        "spent little in this season last year",
    ),
    "same_season_orders": _w(
        "number of orders in the coming season a year ago",
        "ordered often in this season last year",
        "ordered rarely in this season last year",
    ),
    "acquisition_month": _w("month they joined", "joined in a recent month", "joined many months ago"),
    "acquisition_season": _w("time of year they joined", "joined late in a year", "joined early in a year"),
    "days_since_acquired": _w(
        "days since they were registered", "were registered long ago", "were registered recently"
    ),
}
_BESIDE_PURCHASES: Final = {
    "contacts": _w("number of times contacted", "have been contacted often", "have rarely been contacted"),
    "days_since_last_contact": _w(
        "days since the last contact", "have not been contacted for long", "were contacted recently"
    ),
    "responses": _w("number of answers to a contact", "have answered often", "have rarely answered"),
    "response_rate": _w("share of contacts answered", "readily answer when contacted", "seldom answer when contacted"),
    "engagements": _w(
        "number of opens, clicks and visits so far", "pay a lot of attention to us", "pay little attention to us"
    ),
    "days_since_last_engagement": _w(
        "days since the last open, click or visit", "have been silent for long", "have shown interest recently"
    ),
    "click_share": _w(
        "share of opened messages followed up", "follow up on what they open", "rarely follow up on what they open"
    ),
    "reviews": _w("number of reviews", "write many reviews", "write few reviews"),
    "days_since_last_review": _w(
        "days since the last review", "have not written a review for long", "wrote a review recently"
    ),
    "mean_rating": _w("average rating given", "give good ratings", "give poor ratings"),
    "last_rating": _w("latest rating given", "gave a good rating last time", "gave a poor rating last time"),
    "contracts": _w("number of contracts ever signed", "have signed many contracts", "have signed few contracts"),
    "active_contracts": _w("number of running contracts", "hold many running contracts", "hold few running contracts"),
    "contract_tenure": _w(
        "time since the first contract", "have been under contract for long", "have signed up recently"
    ),
    "contract_yearly_price": _w(
        "yearly price of running contracts", "pay a lot for contracts", "pay little for contracts"
    ),
}
_SCORES: Final = {
    "expected_orders": _w("number of orders expected", "are expected to order often", "are expected to order rarely"),
    "expected_value": _w("value expected", "are expected to bring a lot", "are expected to bring little"),
    "value_low": _w("value expected at least", "will bring a lot even at worst", "may bring very little"),
    "value_high": _w("value expected at most", "may bring very much", "will bring little even at best"),
    "probability_alive": _w(
        "chance of still being a customer", "are very likely still customers", "have probably stopped buying"
    ),
    "probability_no_purchase": _w(
        "chance of not buying again", "will probably not buy again", "will very likely buy again"
    ),
    "total_value": _w(
        "value so far and expected", "are worth a lot over their whole time", "are worth little over their whole time"
    ),
    "next_purchase_from": _w(
        "earliest day of the next purchase", "will come back later on", "may come back any day now"
    ),
    "next_purchase_to": _w(
        "latest day of the next purchase", "may take long to come back", "will be back before long if at all"
    ),
    "confidence": _w("certainty of the forecast", "have a certain forecast", "have an uncertain forecast"),
    "model": _w("method of the forecast", "have a forecast by a later method", "have a forecast by an earlier method"),
    "as_of": _w("day of the forecast", "have a recent forecast", "have an old forecast"),
    "horizon_days": _w("days that the forecast covers", "have a long forecast", "have a short forecast"),
}
_SEGMENTS: Final = {
    "tier": _w("value tier", "are in a high value tier", "are in a low value tier"),
    "recency_score": _w(
        "score for how recently they bought", "score high for a recent purchase", "score low for a recent purchase"
    ),
    "frequency_score": _w(
        "score for how often they buy", "score high for how often they buy", "score low for how often they buy"
    ),
    "monetary_score": _w(
        "score for how much they spend", "score high for how much they spend", "score low for how much they spend"
    ),
    "rfm_segment": _w("RFM segment", "are in a late RFM segment by name", "are in an early RFM segment by name"),
    "raw_tier": _w(
        "value tier by this run alone", "are in a high value tier by this run", "are in a low value tier by this run"
    ),
    "raw_rfm_segment": _w(
        "RFM segment by this run alone",
        "are in a late RFM segment by this run",
        "are in an early RFM segment by this run",
    ),
    "lifecycle": _w("stage as a customer", "are in a later stage by name", "are in an earlier stage by name"),
    "raw_lifecycle": _w(
        "stage as a customer by this run alone",
        "are in a later stage by this run",
        "are in an earlier stage by this run",
    ),
    "cluster": _w("cluster of alike customers", "are in a later cluster by name", "are in an earlier cluster by name"),
    "cluster_id": _w("number of their cluster", "are in a cluster of high number", "are in a cluster of low number"),
    "raw_cluster_id": _w(
        "number of their cluster by this run alone",
        "are in a cluster of high number by this run",
        "are in a cluster of low number by this run",
    ),
    "cluster_chance": _w(
        "certainty of their cluster", "clearly belong to their cluster", "could belong to another cluster"
    ),
    "seasonal_type": _w(
        "time of year or week they buy", "buy at a time that is late by name", "buy at a time that is early by name"
    ),
    "place": _w("place", "live in a place that is late by name", "live in a place that is early by name"),
    "branch": _w("branch", "are of a branch that is late by name", "are of a branch that is early by name"),
    "brought_tier": _w(
        "value tier by what they brought lately",
        "have brought enough for a high value tier",
        "have brought enough for a low value tier",
    ),
    "next_tier": _w(
        "value tier they are heading for", "are heading for a high value tier", "are heading for a low value tier"
    ),
    "next_tier_chance": _w(
        "certainty of the value tier they are heading for",
        "are clearly heading for their value tier",
        "may well end in another value tier",
    ),
    "tier_outlook": _w("direction of their value tier", "are moving up in value", "are moving down in value"),
    "next_rfm_segment": _w(
        "RFM segment they are heading for",
        "are heading for a late RFM segment by name",
        "are heading for an early RFM segment by name",
    ),
    "next_rfm_chance": _w(
        "certainty of the RFM segment they are heading for",
        "are clearly heading for their RFM segment",
        "may well end in another RFM segment",
    ),
    "customer_id": _w("customer number", "have a high customer number", "have a low customer number"),
}
_BEHAVIOUR: Final = {
    "churn_chance": _w(
        "chance of being lost",
        "are likely to be lost over the coming period",
        "are likely to stay over the coming period",
    ),
    "engagement": _w("engagement from 0 to 100", "are highly engaged", "are hardly engaged"),
    "engagement_recency": _w(
        "engagement points for a recent purchase",
        "are engaged by a recent purchase",
        "lose engagement points for a long silence",
    ),
    "engagement_frequency": _w(
        "engagement points for frequent orders",
        "are engaged by ordering often",
        "lose engagement points for few orders",
    ),
    "engagement_value": _w(
        "engagement points for money spent",
        "are engaged by spending a lot",
        "lose engagement points for little spending",
    ),
    "engagement_trend": _w(
        "engagement points for rising purchases",
        "are engaged by buying more of late",
        "lose engagement points for buying less of late",
    ),
    "engagement_variety": _w(
        "engagement points for variety",
        "are engaged by buying many kinds",
        "lose engagement points for buying one kind",
    ),
    "engagement_response": _w(
        "engagement points for opens, clicks and visits",
        "are engaged by answering messages",
        "lose engagement points for leaving messages unread",
    ),
    "alert": _w("alert", "have an alert that is late by name", "have an alert that is early by name"),
    "alert_chance": _w(
        "chance of bringing less than half as much",
        "will probably bring less than half as much",
        "will hardly bring less than half as much",
    ),
    "alert_because": _w("reason of the alert", "have a reason late by name", "have a reason early by name"),
    "usual_value": _w(
        "money they bring in 90 days", "usually bring a lot in 90 days", "usually bring little in 90 days"
    ),
    "value_at_risk": _w("loss expected of the next 90 days", "put a lot of value at risk", "put little value at risk"),
    "value_at_risk_tail": _w(
        "loss that one case in twenty exceeds", "may cost a lot at worst", "may cost little even at worst"
    ),
    "savable_value": _w("loss that can still be averted", "leave a lot to be saved", "leave little to be saved"),
    "rising": _w("whether they are rising", "are rising", "are not rising"),
    "potential": _w(
        "growth expected over the coming period", "are expected to bring much more", "are expected to bring no more"
    ),
}
_WORDS: Final[Mapping[str, FeatureWords]] = {
    **_PURCHASES,
    **_BASKETS,
    **_PLACES_AND_TIMES,
    **_BESIDE_PURCHASES,
    **_SCORES,
    **_SEGMENTS,
    **_BEHAVIOUR,
}
_COUNTED: Final = {
    "value": ("money spent", "spent a lot", "spent little"),
    "orders": ("number of orders", "ordered often", "ordered rarely"),
    "contacts": ("number of times contacted", "were contacted often", "were rarely contacted"),
    "opens": ("number of messages opened", "opened many messages", "opened few messages"),
    "clicks": ("number of links followed", "followed many links", "followed few links"),
    "visits": ("number of visits to site or app", "visited site or app often", "rarely visited site or app"),
}
_SEASON_OF_QUARTER: Final = {"1": "January to March", "2": "April to June", "3": "July to September"}


def _counted(match: re.Match[str]) -> FeatureWords:
    lately = f"in the last {match['days']} days"
    return FeatureWords(*(f"{words} {lately}" for words in _COUNTED[match["what"]]))


def _trend(match: re.Match[str]) -> FeatureWords:
    """The later half of a span against the whole: 90 days of 180, or 180 of 365, as the catalogue has it."""
    what, verb = ("spending", "spend") if match["what"] == "value" else ("orders", "order")
    days, whole = {"90": (90, 180), "365": (180, 365)}.get(match["days"], (int(match["days"]), 2 * int(match["days"])))
    span = f"over the last {whole} days"
    return FeatureWords(
        f"share of the {what} of the last {whole} days that fell in the last {days}",
        f"{verb} more and more {span}",
        f"{verb} less and less {span}",
    )


def _pace(match: re.Match[str]) -> FeatureWords:
    lately = f"in the last {match['days']} days"
    return FeatureWords(
        f"pace of orders {lately} against their usual pace",
        f"ordered faster than usual {lately}",
        f"ordered slower than usual {lately}",
    )


def _quarter(match: re.Match[str]) -> FeatureWords:
    months = _SEASON_OF_QUARTER.get(match["quarter"], "October to December")
    return FeatureWords(
        f"share of orders from {months}", f"buy mostly from {months}", f"buy little or nothing from {months}"
    )


_FAMILIES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], FeatureWords]], ...]] = (
    (re.compile(rf"(?P<what>{'|'.join(_COUNTED)})_(?P<days>\d+)d"), _counted),
    (re.compile(r"(?P<what>value|orders)_trend_(?P<days>\d+)d"), _trend),
    (re.compile(r"orders_pace_(?P<days>\d+)d"), _pace),
    (re.compile(r"quarter_(?P<quarter>[1-4])_share"), _quarter),
)
