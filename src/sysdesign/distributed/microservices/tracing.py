"""One trace through all services: W3C trace context in the headers of requests and beside the events, OpenTelemetry for the rest.

Spans go to standard output, one JSON object a line, beside the log: whoever gathers logs has the traces too.
Without `begin` nothing is recorded, and what comes in is still passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BUDGET = "deadline.budget_ms"
"""The attribute of a span with the time that its caller had left."""


def begin(service: str) -> None:
    """Record the spans of this process."""
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": service}))
    lines = ConsoleSpanExporter(formatter=lambda span: f"{span.to_json(indent=None)}\n")
    provider.add_span_processor(SimpleSpanProcessor(lines))
    trace.set_tracer_provider(provider)


@contextmanager
def _span(name: str, kind: str, carrier: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Be in a span, below the one that the carrier names if there is one, else below the one around."""
    from opentelemetry import propagate, trace

    context = None if carrier is None else propagate.extract(carrier)
    tracer = trace.get_tracer("sysdesign.microservices")
    with tracer.start_as_current_span(name, context, trace.SpanKind[kind]) as span:
        yield span


def carried() -> dict[str, str]:
    """Return the headers that name the span around."""
    from opentelemetry import propagate

    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


@contextmanager
def calling(name: str) -> Iterator[dict[str, str]]:
    """Be in the span of a call; gives the headers that name it."""
    with _span(name, "CLIENT"):
        yield carried()


@contextmanager
def handling(kind: str, carrier: Mapping[str, str]) -> Iterator[None]:
    """Be in the span of an event that is handled, below that in which it was written."""
    with _span(f"{kind} handled", "CONSUMER", carrier):
        yield


def name_request(route: str, budget_seconds: float) -> None:
    """Give the span of the request the name of its route, and what its caller had left."""
    from opentelemetry import trace

    span = trace.get_current_span()
    span.update_name(route)
    span.set_attribute(BUDGET, budget_seconds * 1000)


def traced(application: WSGIApplication) -> WSGIApplication:
    """Put each request of an application into a span, below that of the caller."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        fields = {name: environ.get(f"HTTP_{name.upper()}", "") for name in ("traceparent", "tracestate")}
        with _span(environ["REQUEST_METHOD"], "SERVER", fields) as span:

            def begun(status: str, *rest: Any) -> Callable[[bytes], object]:
                span.set_attribute("http.response.status_code", int(status[:3]))
                return start_response(status, *rest)

            return application(environ, begun)

    return answer
