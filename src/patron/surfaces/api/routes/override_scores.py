"""Whether people who set values by hand were right."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any, Final

from patron.governance.audit.chain import act_of
from patron.governance.overrides.asking import overrides
from patron.governance.roles import Permission
from patron.surfaces.api import loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.overrides import sees
from patron.surfaces.api.who import Held, Seen, Who
from patron.surfaces.override_scores import override_report

routes = Routes(prefix="/v1/overrides", tags=["overrides"])
MOST_SCORED: Final = 10_000


@routes.ask("/report", Permission.READ_CUSTOMERS, response_model=loop_answers.OverrideReportAnswer)
async def report(view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """The newest overrides of values in your scope beside what came, and beside the model; "not yet" while the horizon lasts."""

    def scored() -> dict[str, Any]:  # Any: JSON
        seen = (one for one in overrides(serving.state) if sees(view, one))
        return override_report(serving.workspace, islice(seen, MOST_SCORED)).to_dict()

    told = await asyncio.to_thread(scored)
    await serving.audit.write(act_of(who, "overrides.report", "", "done", rows=len(told["overrides"])))
    return told
