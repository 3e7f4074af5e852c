"""Every route under generated requests: no server error, no answer that the OpenAPI page does not declare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from patron.governance.roles import ALLOWED, Role
from patron.surfaces.api.allowed import NEEDS
from served_workspace import served_workspace
from surfaces.api.called import Called, called

REQUESTS = 20_000
HASHING = 100
"""Requests to a route that hashes passwords, each of which takes a good part of a second."""
CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)


KEYS_OF = (Role.COMPLIANCE, Role.ANALYST, Role.ENGINEER, Role.SERVICE, Role.ADMIN)


def may(operation: APIOperation) -> Role:
    """A role that may ask for this, so that requests come past the door."""
    needs = operation.definition.raw[NEEDS]
    return next((role for role in KEYS_OF if needs in {one.value for one in ALLOWED[role]}), Role.ANALYST)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("fuzzed") / "shop"), purposes=("marketing",)) as found:
        yield found


def ask_often(
    operation: APIOperation, client: asgi.ASGIClient, headers: dict[str, str], times: int, told: Counter[int]
) -> None:
    """Send so many generated requests and hold every answer to what is declared."""

    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(session=client, headers=headers)
        told[answer.status_code] += 1
        assert answer.status_code < 500, (case.method, case.path, answer.text)
        case.validate_response(answer, checks=list(CHECKS))

    ask()


@pytest.mark.slow
def test_twenty_thousand_generated_requests_meet_no_error_and_no_undeclared_answer(server: Called) -> None:
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", server.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    hashing = [
        one for one in operations if one.method == "post" and one.path.endswith(("/session", "/accounts", "/password"))
    ]
    each = -(-(REQUESTS - HASHING * len(hashing)) // (len(operations) - len(hashing)))
    keys = {role: server.with_key(role.value) for role in KEYS_OF}
    told: Counter[int] = Counter()
    with asgi.get_client(server.app, max_stream_events=0) as client:
        for operation in operations:
            times = HASHING if operation in hashing else each
            ask_often(operation, client, keys[may(operation)], times, told)
    assert told.total() >= REQUESTS
    assert {200, 401, 404, 422} <= set(told)
