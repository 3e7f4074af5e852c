"""Figures: the portfolio, groups of a view with their members, branches. Small cells are hidden from who sees figures only."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Query

from patron.governance.identity import Identity
from patron.governance.roles import Permission
from patron.reports.served import customers as asked
from patron.reports.served.groups import BRANCH, VIEWS, groups
from patron.reports.served.portfolio import portfolio
from patron.reports.served.view import View
from patron.surfaces.api import answers, cursors, loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.paths import SLASHES
from patron.surfaces.api.routes.customers import MOST, VISIBLE, Purpose, consented, headed, listed
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1", tags=["figures"])
ViewName = Annotated[str, Path(description=f"One of {', '.join(VIEWS)}")]


@routes.ask("/portfolio", Permission.READ_PORTFOLIO, response_model=answers.PortfolioAnswer)
async def whole_portfolio(view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """What all customers in your scope are expected to bring."""
    told = await asyncio.to_thread(portfolio, view, least_cell=_least_cell(serving, who))
    stale = serving.current.stale
    return (
        headed(view)
        | asdict(told)
        | {
            "horizon_days": view.snapshot.release.manifest.horizon_days,
            "hidden": told.customers is None,
            "stale": "; ".join(stale.why) if stale else None,
        }
    )


@routes.ask("/branches", Permission.READ_PORTFOLIO, response_model=answers.GroupsAnswer)
async def branches(view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """The branches in your scope, those expected to bring most first."""
    return await _groups(view, BRANCH, who, serving)


@routes.ask("/segments/{view_name}", Permission.READ_GROUPS, response_model=answers.GroupsAnswer)
async def segment_groups(view_name: ViewName, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """The groups of a view in figures."""
    return await _groups(view, view_name, who, serving)


@routes.ask(
    "/segments/{view_name}/{group}/members",
    Permission.READ_CUSTOMERS,
    also=[409],
    response_model=loop_answers.CustomersAnswer,
)
async def group_members(
    view_name: ViewName,
    group: Annotated[str, Path(min_length=1, max_length=200, pattern=VISIBLE), SLASHES],
    view: Seen,
    who: Who,
    serving: Held,
    purpose: Purpose = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:  # Any: JSON
    """The customers of a group, by id."""
    release = view.snapshot.id
    after = cursors.after(serving.secret, release, cursor)
    among = await consented(serving, purpose)
    page = await asyncio.to_thread(asked.members, view, view_name, group, after=after, limit=limit, among=among)
    subject = f"{view_name}/{group}"
    act = listed(serving, who, "members.list", subject, page, release=release, limit=limit, purpose=purpose)
    await serving.audit.write(act)
    return headed(view) | {
        "customers": page.rows,
        "total": page.customers,
        "cursor": cursors.cursor(serving.secret, release, page.after),
    }


async def _groups(view: View, name: str, who: Identity, serving: Serving) -> dict[str, Any]:  # Any: JSON
    found = await asyncio.to_thread(groups, view, name, least_cell=_least_cell(serving, who))
    told = [asdict(group) | {"hidden": group.is_hidden} for group in found]
    return headed(view) | {"view": name, "groups": told}


def _least_cell(serving: Serving, who: Identity) -> int:
    return serving.settings.least_cell if who.sees_figures_only else 0
