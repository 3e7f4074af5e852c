"""The features of what is known beside purchases: contacts, engagements, reviews and contracts."""

from __future__ import annotations

from typing import Final

from patron.features.feature import EVER, Feature, Needs, columns_of

ENGAGEMENT_WINDOWS: Final = (30, 90)

# A contact without a day of its own was made on its campaign's first day; without either it cannot be placed in time.
CONTACT: Final[Needs] = (("contacts.contacted_at",), ("contacts.campaign_id", "campaigns.started_on"))
_RESPONSE: Final[Needs] = tuple((*group, "contacts.responded_at") for group in CONTACT)
ENGAGEMENT: Final = columns_of("engagements", "customer_id", "occurred_at", "kind")
REVIEW: Final = columns_of("reviews", "customer_id", "occurred_at")
_RATING: Final = columns_of("reviews", "customer_id", "occurred_at", "rating")
_CONTRACT: Final = columns_of("subscriptions", "started_on")
_PRICE: Final = columns_of("subscriptions", "started_on", "price", "period")

CAMPAIGNS: Final = (
    Feature("contacts", "number of contacts made", "contacts", EVER, "campaigns", "how often contacted", CONTACT),
    Feature(
        "contacts_90d",
        "number of contacts made",
        "contacts",
        "last 90 days",
        "campaigns",
        "how often contacted lately",
        CONTACT,
    ),
    Feature(
        "days_since_last_contact",
        "cutoff − day of the last contact",
        "days",
        EVER,
        "campaigns",
        "how long left alone",
        CONTACT,
    ),
    Feature(
        "responses",
        "contacts answered on or before the cutoff",
        "contacts",
        EVER,
        "campaigns",
        "how often responded",
        _RESPONSE,
    ),
    Feature("response_rate", "responses / contacts", "share", EVER, "campaigns", "how readily responded", _RESPONSE),
)
ENGAGEMENTS: Final = (
    *(
        Feature(
            f"{kind}_{days}d",
            f"number of engagements of kind {words}",
            kind,
            f"last {days} days",
            "engagement",
            f"{meaning} in the last {days} days",
            ENGAGEMENT,
        )
        for kind, words, meaning in (
            ("opens", "open or email_open", "messages opened"),
            ("clicks", "click or email_click", "links followed"),
            ("visits", "visit, page_view or session", "visits to site or app"),
        )
        for days in ENGAGEMENT_WINDOWS
    ),
    Feature("engagements", "number of engagements", "engagements", EVER, "engagement", "attention so far", ENGAGEMENT),
    Feature(
        "days_since_last_engagement",
        "cutoff − day of the last engagement",
        "days",
        EVER,
        "engagement",
        "how long nothing was heard or seen",
        ENGAGEMENT,
    ),
    Feature(
        "click_share", "clicks / (opens + clicks)", "share", EVER, "engagement", "how readily followed up", ENGAGEMENT
    ),
)
REVIEWS: Final = (
    Feature("reviews", "number of reviews", "reviews", EVER, "reviews", "how often an opinion was given", REVIEW),
    Feature(
        "days_since_last_review",
        "cutoff − day of the last review",
        "days",
        EVER,
        "reviews",
        "how fresh the last opinion is",
        REVIEW,
    ),
    Feature("mean_rating", "Σ rating / rated reviews", "rating", EVER, "reviews", "how content", _RATING),
    Feature(
        "last_rating",
        "Σ rating / rated reviews of the last day with one",
        "rating",
        EVER,
        "reviews",
        "how content lately",
        _RATING,
    ),
)
CONTRACTS: Final = (
    Feature(
        "contracts", "contracts begun on or before the cutoff", "contracts", EVER, "contracts", "ever signed", _CONTRACT
    ),
    Feature(
        "active_contracts",
        "of those, not ended on or before the cutoff",
        "contracts",
        "at the cutoff",
        "contracts",
        "running now",
        _CONTRACT,
    ),
    Feature(
        "contract_tenure",
        "cutoff − first day of the first contract",
        "days",
        EVER,
        "contracts",
        "how long a subscriber",
        _CONTRACT,
    ),
    Feature(
        "contract_yearly_price",
        "Σ price × periods per year of active contracts",
        "money",
        "at the cutoff",
        "contracts",
        "what running contracts cost a year",
        _PRICE,
    ),
)
