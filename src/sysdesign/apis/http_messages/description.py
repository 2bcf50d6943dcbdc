"""The one description: which resources there are, what each method does to them, and how it may end.

Both engines serve it, and the OpenAPI document is made of it: none of the three can tell another story than the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .messages import PROBLEM_JSON, Problem, Request, Response, refusal

Handler: TypeAlias = "Callable[[Request], Response]"

NUMBER = re.compile(r"[1-9][0-9]{0,5}")
REFUSALS = (400, 406, 413, 414, 431)
"""With these any request can meet."""


@dataclass(frozen=True)
class Operation:
    """What a method does to a resource.

    Attributes:
        summary: What it is for.
        handler: What does it.
        answers: How it may end, besides the usual refusals: the statuses, with the schema of what comes with each in JSON, if any.
        takes: The schema of the content that it takes in JSON, None for no content.
        fields: Request fields that it heeds, each with an example.
    """

    summary: str
    handler: Handler
    answers: Mapping[int, Any]
    takes: Any = None
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Resource:
    """Something with an address.

    Attributes:
        path: Its path; `{number}` stands for the number of a note.
        operations: What can be done to it, by method; HEAD comes with GET, OPTIONS by itself.
        documented: Whether it stands in the OpenAPI document.
    """

    path: str
    operations: Mapping[str, Operation]
    documented: bool = True

    @property
    def allow(self) -> str:
        """The methods that it knows, as Allow tells them (RFC 9110 §10.2.1)."""
        head = ["HEAD"] if "GET" in self.operations else []
        return ", ".join(sorted([*self.operations, *head, "OPTIONS"]))


def respond(resource: Resource, request: Request) -> Response:
    """Do to a resource what a request asks for, and return how it ended."""
    try:
        response = _done(resource, request)
    except Problem as problem:
        response = refusal(problem)
    return head_only(request, response)


def _done(resource: Resource, request: Request) -> Response:
    if not NUMBER.fullmatch(request.parameters.get("number", "1")):
        raise Problem(404, "There is nothing here: a number has one to six digits.")
    if request.method == "OPTIONS":
        if request.parameters:  # what is not there has no methods either
            resource.operations["GET"].handler(Request("GET", request.parameters))
        return Response(204, {"Allow": resource.allow})
    method = "GET" if request.method == "HEAD" else request.method
    if method not in resource.operations:
        raise Problem(405, f"This resource knows {resource.allow}.", {"Allow": resource.allow})
    return resource.operations[method].handler(request)


def without_body(response: Response) -> Response:
    """Return what HEAD gets: the fields that GET would have got, and nothing behind them (RFC 9110 §9.3.2)."""
    if isinstance(response.body, bytes):
        return Response(response.status, response.fields)
    return Response(response.status, response.headers, iter(()))  # not begun, and of a length that nobody knows


def head_only(request: Request, response: Response) -> Response:
    """Return a response as it is, or without its body if HEAD has asked."""
    return without_body(response) if request.method == "HEAD" else response


def openapi(resources: tuple[Resource, ...]) -> dict[str, Any]:
    """Return the OpenAPI document of these resources."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "paths": {one.path: _path(one) for one in resources if one.documented},
    }


def _path(resource: Resource) -> dict[str, Any]:
    number = {"name": "number", "in": "path", "required": True}
    number["schema"] = {"type": "integer", "minimum": 1, "maximum": 999_999}
    told: dict[str, Any] = {method.lower(): _operation(one) for method, one in resource.operations.items()}
    if "get" in told:
        get = told["get"]
        silent = {status: {"description": answer["description"]} for status, answer in get["responses"].items()}
        told["head"] = {**get, "summary": "What GET tells, without the content.", "responses": silent}
    options = Operation("What can be done here.", lambda _: Response(204), {204: None, 404: None})
    told["options"] = _operation(options)
    return {**told, "parameters": [number]} if "{number}" in resource.path else told


def _operation(one: Operation) -> dict[str, Any]:
    problem = {"type": "object", "required": ["type", "title", "status", "detail"]}
    refusals = [status for status in (*REFUSALS, *(415, 422) * (one.takes is not None)) if status not in one.answers]
    content = {PROBLEM_JSON: {"schema": problem}}
    responses: dict[str, Any] = {str(status): {"description": "Refused.", "content": content} for status in refusals}
    for status, schema in one.answers.items():
        responses[str(status)] = {"description": one.summary if status < 400 else "Refused."}
        if schema is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": schema}}
        elif status >= 400:
            responses[str(status)]["content"] = content
    told: dict[str, Any] = {"summary": one.summary, "responses": responses}
    if one.takes is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": one.takes}}}
    fields = (one.fields or {}).items()
    parameters = [
        {"name": n, "in": "header", "schema": {"type": "string"}, "example": example} for n, example in fields
    ]
    return {**told, "parameters": parameters} if parameters else told
