"""Traces for whoever watches many services (OpenTelemetry): one span for each request, that tells of no customer and no person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patron.errors import UsageError
from patron.surfaces.api.observing import named
from patron.version import VERSION

if TYPE_CHECKING:  # what it needs is there only where it is used
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

SWITCHES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry's own names for where spans are sent; without one of them nothing is traced."""


def traces_of_environment(environment: Mapping[str, str]) -> TracerProvider | None:
    """What spans are handed to, where the environment says where they go."""
    if not any(environment.get(name) for name in SWITCHES):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise UsageError(
            "Traces need packages that are not installed.",
            to_do=f"Run: pip install 'patron[otel]', or unset {' and '.join(SWITCHES)}.",
        ) from error
    return traces_to(BatchSpanProcessor(OTLPSpanExporter()))


def traces_to(processor: SpanProcessor) -> TracerProvider:
    """What hands spans to this."""
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "patron", SERVICE_VERSION: VERSION}))
    provider.add_span_processor(processor)
    return provider


class Tracing:
    """Wraps an app. A span has the method, the route's pattern, the status and the request's id; of what a caller sends it
    takes the trace's own id and nothing else."""

    def __init__(self, app: ASGIApp, traces: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app = app
        self._tracer = traces.get_tracer("patron.server", VERSION)
        self._callers = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode

        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer.start_as_current_span(
            scope["type"],
            self._callers.extract(sent),
            SpanKind.SERVER,
            record_exception=False,  # its words may tell of a customer
            set_status_on_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, told)
            finally:
                method, route = named(scope, status)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                span.set_attribute("patron.request", scope["state"]["request_id"])
                span.set_status(Status(StatusCode.ERROR if status >= 500 else StatusCode.UNSET))
