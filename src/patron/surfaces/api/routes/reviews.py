"""What waits for a person: listed, given to somebody, decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from pydantic import BaseModel
from pydantic import Field as Of

from patron.errors import AlreadySo, NothingThere, UsageError
from patron.governance.audit.chain import Act, act_of
from patron.governance.audit.subjects import customer_subject
from patron.governance.identity import Identity
from patron.governance.reviews.review import Item, Review, decide_review, give_review
from patron.governance.roles import Permission
from patron.quality.decision_log import append_decisions
from patron.quality.decisions import Decision, Verdict
from patron.quality.waiting_file import WaitingRecord
from patron.reports.served.view import View
from patron.surfaces.api import cursors, loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.customers import MOST, VISIBLE, headed
from patron.surfaces.api.routes.overrides import Because
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.waiting_items import RECORD, Waits, everything_waiting
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1/reviews", tags=["reviews"])
ReviewId = Annotated[str, Path(min_length=1, max_length=32, pattern=VISIBLE)]
Owner = Annotated[str, Of(min_length=1, max_length=100, pattern=VISIBLE)]
_MOST_CENTS: Final = 10**22
_VERDICTS: Final[dict[str, Verdict]] = {"accept": "accept", "drop": "drop"}


class Given(BaseModel):
    """Who takes care of it; null for nobody."""

    owner: Owner | None


class Decided(BaseModel):
    """What is decided, and why. Records are accepted or dropped; of customers, what was seen is confirmed or dismissed."""

    verdict: Literal["accept", "drop", "confirm", "dismiss"]
    because: Because


@routes.ask("", Permission.READ_REVIEWS, also=[409], response_model=loop_answers.ReviewsAnswer)
async def list_reviews(
    view: Seen,
    who: Who,
    serving: Held,
    kind: Literal["record", "low_confidence", "change", "alert"] | None = None,
    owner: Annotated[str | None, Query(max_length=100, pattern=VISIBLE)] = None,
    status: Literal["open", "decided", "overdue"] | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:  # Any: JSON
    """What waits for a person in your scope, the first that is due first."""
    after = cursors.after(serving.secret, f"reviews {view.snapshot.id}", cursor)
    days = serving.reviews.due_days
    found = [
        one
        for one in await asyncio.to_thread(everything_waiting, serving, view)
        if kind in (None, one.item.kind) and owner in (None, one.review.owner) and _is(one, status, days)
    ]
    begin = 0 if after is None else sum(_mark(one, days) <= after for one in found)
    page = found[begin : begin + limit]
    ends = [_subject(serving, one.item) for one in (*page[:1], *page[-1:])]
    details = {"release": view.snapshot.id, "kind": kind, "begin": begin, "rows": len(page), "ends": ends}
    await serving.audit.write(act_of(who, "reviews.list", status or "all", "done", **details))
    more = _mark(page[-1], days) if begin + limit < len(found) else None
    return headed(view) | {
        "reviews": [one.told(days) for one in page],
        "open": sum(one.is_open for one in found),
        "overdue": sum(one.is_overdue(days) for one in found),
        "cursor": cursors.cursor(serving.secret, f"reviews {view.snapshot.id}", more),
    }


@routes.act("/{review_id}/owner", Permission.DECIDE_REVIEWS, also=[404, 409], response_model=loop_answers.ReviewTold)
async def give(review_id: ReviewId, given: Given, view: Seen, who: Who, serving: Held) -> dict[str, Any]:
    """Give what waits to somebody who may decide it, or to nobody."""
    one = await _open(review_id, view, serving)
    noted = _noted(serving, who, "review.give", one.item, owner=given.owner)
    after = await asyncio.to_thread(give_review, serving.state, one.item, given.owner, noted)
    return Waits(one.item, one.thing, after).told(serving.reviews.due_days)


@routes.act("/{review_id}/decision", Permission.DECIDE_REVIEWS, also=[404, 409], response_model=loop_answers.ReviewTold)
async def decide(review_id: ReviewId, decided: Decided, view: Seen, who: Who, serving: Held) -> dict[str, Any]:
    """Decide on what waits, with a reason. What is decided on a record takes effect with the next run."""
    one = await _open(review_id, view, serving)
    if decided.verdict not in one.may:
        raise UsageError(
            f"'{decided.verdict}' cannot be decided on this {one.item.kind}.",
            allowed=f"{', '.join(one.may) or 'Nothing'} here; a record is fixed with 'patron queue fix'.",
        )
    return await asyncio.to_thread(_decide, one, decided, who, serving)


def _decide(one: Waits, decided: Decided, who: Identity, serving: Serving) -> dict[str, Any]:  # Any: JSON
    noted = _noted(serving, who, "review.decide", one.item, verdict=decided.verdict)
    is_record = isinstance(one.thing, WaitingRecord)  # whose own log says whether it is decided
    after = decide_review(serving.state, one.item, decided.verdict, decided.because, who, noted, again=is_record)
    kept = _logged(serving, one.thing, decided, who) if isinstance(one.thing, WaitingRecord) else None
    return Waits(one.item, one.thing, after, kept).told(serving.reviews.due_days)


def _logged(serving: Serving, record: WaitingRecord, decided: Decided, who: Identity) -> Decision:
    """Put a decision where runs read it. The state and its audit come first: what is not noted does not happen."""
    one = Decision(
        0, record.entry, record.source, record.reason, record.standing, _VERDICTS[decided.verdict], record.content,
        record.readable, record.detail, {}, who.name, decided.because, datetime.now(UTC),
    )  # fmt: skip
    (kept,) = append_decisions(serving.workspace, [one])
    return kept


async def _open(review_id: str, view: View, serving: Serving) -> Waits:
    for one in await asyncio.to_thread(everything_waiting, serving, view):
        if one.item.id == review_id:
            if not one.is_open:
                raise AlreadySo(f"'{review_id}' is decided already.")
            return one
    raise NothingThere(f"Nothing waits as '{review_id}'.", to_do="GET /v1/reviews lists what waits.")


def _is(one: Waits, status: str | None, days: int) -> bool:
    match status:
        case "overdue":
            return one.is_overdue(days)
        case "open":
            return one.is_open
        case "decided":
            return not one.is_open
    return True


def _mark(one: Waits, days: int) -> str:
    """Where something stands in a list, as a text that sorts as the list does."""
    due, less, review_id = one.place(days)
    return f"{due:020} {_MOST_CENTS + less:024} {review_id}"


def _subject(serving: Serving, item: Item) -> str:
    return f"record:{item.subject}" if item.kind == RECORD else customer_subject(serving.secret, item.subject)


def _noted(serving: Serving, who: Identity, action: str, item: Item, **told: object) -> Callable[[Review], Act]:
    def note(_: Review) -> Act:
        return act_of(who, action, _subject(serving, item), "done", kind=item.kind, **told)

    return note
