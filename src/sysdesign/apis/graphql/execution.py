"""From a text that a client has written to an answer: read it, measure it, validate it, and only then begin.

A *request error* is one before the beginning: there is no `data`. A *field error* happens on the way: the field is null, its siblings
answer all the same, and `errors` tells where and why (GraphQL specification, October 2021, §6.4.4, §7.1).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import ExecutionContext

from .limits import Limits, check
from .schema import Context

log = logging.getLogger(__name__)

MOST_ERRORS = 20
"""How many errors of a document are told."""

OURS = "This could not be answered. It is not your fault."


class Request(NamedTuple):
    """A GraphQL request."""

    query: str
    operation_name: str | None
    variables: dict[str, Any]


class Refused(Exception):  # noqa: N818 - it is not the server that errs
    """A request error: nothing was executed."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*(error.message for error in errors))
        self.errors = errors

    @property
    def response(self) -> dict[str, Any]:
        """The response, without `data`."""
        return {"errors": [error.formatted for error in self.errors]}


class Operation(NamedTuple):
    """A request that may begin."""

    request: Request
    document: DocumentNode
    kind: OperationType


@dataclass(frozen=True)
class Service:
    """Executes requests on a schema.

    Args:
        schema: The schema.
        make_context: Makes what resolvers need, for one request of this viewer.
        limits: What a query may ask for.
        introspection: Whether the schema can be asked for; if not, errors do not suggest names either.
    """

    schema: GraphQLSchema
    make_context: Callable[[str | None], Context]
    limits: Limits = field(default_factory=Limits)
    introspection: bool = True

    def prepare(self, request: Request) -> Operation:
        """Return a request as an operation that is known to be valid. Raises Refused, before anything was asked of a database."""
        try:
            document = parse(request.query, max_lexical_tokens=self.limits.tokens, max_comments=self.limits.tokens)
            check(document, request.variables, self.limits)
        except GraphQLError as error:
            raise Refused(error) from error
        hide = not self.introspection
        if errors := validate(self.schema, document, self._rules(), MOST_ERRORS, hide_suggestions=hide):
            raise Refused(*errors)
        chosen = self._chosen(document, request)
        return Operation(request, document, chosen.operation)

    def _rules(self) -> list[Any]:
        closed = [] if self.introspection else [NoSchemaIntrospectionCustomRule]
        return [*specified_rules, MaxIntrospectionDepthRule, *closed]

    def _chosen(self, document: DocumentNode, request: Request) -> OperationDefinitionNode:
        """Return the operation that is meant, if there are values for its variables. Raises Refused."""
        hide, name = not self.introspection, request.operation_name
        able = ExecutionContext.build(self.schema, document, None, None, request.variables, name, hide_suggestions=hide)
        if isinstance(able, list):
            raise Refused(*able)
        chosen = get_operation_ast(document, name)
        if chosen is None:
            raise Refused(GraphQLError("Which operation is meant?"))
        return chosen

    async def execute(self, operation: Operation, viewer: str | None) -> dict[str, Any]:
        """Return the response to a query or a mutation."""
        return await self._execute(operation, None, self.make_context(viewer))

    async def subscribe(self, operation: Operation, viewer: str | None) -> AsyncGenerator[dict[str, Any], None]:
        """Return a response for each event from now on. Raises Refused if there is nothing to follow."""
        request = operation.request
        stream = await create_source_event_stream(
            self.schema, operation.document, None, self.make_context(viewer), request.variables, request.operation_name
        )
        if isinstance(stream, ExecutionResult):
            raise Refused(*map(presentable, stream.errors or ()))
        return self._answers(operation, stream, viewer)

    async def _answers(
        self, operation: Operation, stream: Any, viewer: str | None
    ) -> AsyncGenerator[dict[str, Any], None]:
        try:
            async for event in stream:
                # What was loaded for the event before is old by now: each has a context of its own.
                yield await self._execute(operation, event, self.make_context(viewer))
        finally:
            await stream.aclose()

    async def _execute(self, operation: Operation, root: Any, context: Context) -> dict[str, Any]:
        request = operation.request
        result = execute(
            self.schema,
            operation.document,
            root,
            context,
            request.variables,
            request.operation_name,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response = {"errors": [presentable(error).formatted for error in result.errors], **response}
        return response


def presentable(error: GraphQLError) -> GraphQLError:
    """Return an error as its client may see it: what went wrong inside is logged, and is nobody else's business."""
    if error.original_error is None or isinstance(error.original_error, GraphQLError):
        return error
    log.error("%s", error.path, exc_info=error.original_error)
    return GraphQLError(OURS, error.nodes, path=error.path, extensions={"code": "INTERNAL"})
