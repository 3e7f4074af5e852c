"""Traces: one span for each request, named by its route, without a word about customers or people."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from patron.errors import UsageError
from patron.surfaces.api.tracing import SWITCHES, traces_of_environment, traces_to
from served_workspace import served_workspace
from surfaces.api.called import called


def test_each_request_is_a_span_that_names_a_route_and_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = InMemorySpanExporter()
    with called(served_workspace(tmp_path / "shop"), traces=traces_to(SimpleSpanProcessor(kept))) as server:
        headers = server.with_key("analyst") | {"User-Agent": "till-7 of marie", "baggage": "customer=c00003"}
        caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        answer = server.client.get("/v1/customers/c00003?x=c00003", headers=headers | caller)
        server.client.get("/v1/nothing/c00003", headers=headers)
        monkeypatch.setattr("patron.surfaces.api.routes.customers.asked.customer", lambda *_: 1 / 0)
        assert server.client.get("/v1/customers/c00003", headers=headers).status_code == 500
    found, unrouted, failed = kept.get_finished_spans()
    assert (found.name, found.kind) == ("GET /v1/customers/{customer_id}", SpanKind.SERVER)
    assert dict(found.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/customers/{customer_id}",
        "http.response.status_code": 200,
        "patron.request": answer.headers["x-request-id"],
    }
    assert f"{found.context.trace_id:x}" == caller["traceparent"].split("-")[1].lstrip("0")
    assert unrouted.name == "any none"
    assert (failed.status.status_code, failed.events) == (StatusCode.ERROR, ())
    for span in (found, unrouted, failed):
        assert not [word for word in ("c00003", "marie", "testclient", "Bearer") if word in span.to_json()]


def test_nothing_is_traced_where_nobody_said_where_to() -> None:
    assert traces_of_environment({}) is None
    assert traces_of_environment({SWITCHES[0]: ""}) is None
    traces = traces_of_environment({SWITCHES[0]: "http://127.0.0.1:9"})
    assert traces is not None
    traces.shutdown()


def test_without_the_packages_a_start_that_asks_for_traces_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(UsageError, match=r"pip install 'patron\[otel\]'"):
        traces_of_environment({SWITCHES[0]: "http://127.0.0.1:9"})
