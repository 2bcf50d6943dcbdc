"""GraphQL over WebSocket: operations by the subprotocol `graphql-transport-ws`, many of them on one connection.

The client says who it is (connection_init), subscribes under an id of its own, and gets what happens (next) until it or the server
says that it is over (complete, error). Whoever does not keep to this is hung up on, with a code that says why.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from graphql import GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from .api import MAX_BODY_BYTES, Problem, Readers, parsed, request_of
from .execution import Refused, Service

PROTOCOL = "graphql-transport-ws"
INVALID, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE = 4400, 4401, 4403, 4406
TOO_LATE, ID_TAKEN, TOO_MANY_INITS = 4408, 4409, 4429
MOST_REASON_BYTES = 123  # RFC 6455 §5.5
MOST_OPERATIONS = 20
"""How many operations one connection may have under way."""


class Ended(Exception):  # noqa: N818 - it is the client's doing
    """The connection is to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Subscriptions:
    """Serves connections.

    Args:
        service: Executes operations.
        readers: Knows who has which token.
        init_seconds: How long a client may take to say who it is.
    """

    def __init__(self, service: Service, readers: Readers, init_seconds: float) -> None:
        self._service, self._readers, self._init_seconds = service, readers, init_seconds

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection to its end."""
        spoken = PROTOCOL in websocket.scope["subprotocols"]
        await websocket.accept(PROTOCOL if spoken else None)
        if not spoken:
            await websocket.close(NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        connection = _Connection(websocket, self._service, self._readers)
        try:
            async with asyncio.timeout(self._init_seconds):
                await connection.begin()
            while True:
                await connection.obey(await connection.message())
        except TimeoutError:
            await websocket.close(TOO_LATE, "Connection initialisation timeout")
        except Ended as ended:
            await websocket.close(ended.code, ended.reason)
        except WebSocketDisconnect:
            pass
        finally:
            await connection.end()


class _Connection:
    """A connection, and the operations that are under way on it by their ids."""

    def __init__(self, websocket: WebSocket, service: Service, readers: Readers) -> None:
        self._websocket, self._service, self._readers = websocket, service, readers
        self._viewer: str | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def message(self) -> dict[str, Any]:
        """Wait for a message. Raises Ended for what is none, WebSocketDisconnect."""
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        try:
            text = event.get("text") or ""
            told = parsed(text.encode()) if len(text) <= MAX_BODY_BYTES else None
        except (Problem, UnicodeEncodeError):
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("type"), str):
            raise Ended(INVALID, "Invalid message")
        return told

    async def send(self, kind: str, **members: Any) -> None:
        """Send a message."""
        await self._websocket.send_text(json.dumps({"type": kind, **members}, ensure_ascii=False))

    async def begin(self) -> None:
        """Wait until the client has said who it is. Raises Ended."""
        while (message := await self.message())["type"] != "connection_init":
            if message["type"] not in ("ping", "pong"):
                raise Ended(UNAUTHORIZED, "Unauthorized")
            await self.obey(message)
        payload = message.get("payload") or {}
        credentials = payload.get("authorization") if isinstance(payload, dict) else ""
        try:
            self._viewer = self._readers.name(credentials if isinstance(credentials, str | None) else "")
        except Problem:
            raise Ended(FORBIDDEN, "Forbidden") from None
        await self.send("connection_ack")

    async def obey(self, message: dict[str, Any]) -> None:
        """Do what a message says. Raises Ended."""
        kind, name = message["type"], message.get("id")
        if kind == "connection_init":
            raise Ended(TOO_MANY_INITS, "Too many initialisation requests")
        if kind == "ping":
            await self.send("pong")
        elif kind == "subscribe" and isinstance(name, str) and name:
            await self._subscribe(name, message.get("payload"))
        elif kind == "complete" and isinstance(name, str):
            if task := self._under_way.pop(name, None):
                task.cancel()
        elif kind != "pong":
            raise Ended(INVALID, "Invalid message")

    async def _subscribe(self, name: str, payload: Any) -> None:
        if name in self._under_way:
            reason = f"Subscriber for {name} already exists"
            raise Ended(ID_TAKEN, reason.encode(errors="replace")[:MOST_REASON_BYTES].decode(errors="ignore"))
        if len(self._under_way) >= MOST_OPERATIONS:
            message = f"{MOST_OPERATIONS} operations at once are the most."
            await self.send("error", id=name, payload=[{"message": message}])
            return
        try:
            operation = await asyncio.to_thread(self._service.prepare, request_of(payload))
            if operation.kind is OperationType.SUBSCRIPTION:
                # Before the next message is read: who subscribes and then asks has not missed anything in between.
                answers = await self._service.subscribe(operation, self._viewer)
            else:
                answers = _alone(self._service.execute(operation, self._viewer))
        except Problem:
            raise Ended(INVALID, "Invalid message") from None
        except Refused as refused:
            await self.send("error", id=name, payload=refused.response["errors"])
        else:
            self._under_way[name] = task = asyncio.create_task(self._answer(name, answers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # it begins before it can be cancelled, and so it ends what was begun for it

    async def _answer(self, name: str, answers: AsyncGenerator[dict[str, Any], None]) -> None:
        kind, members = "complete", {}
        try:
            async with aclosing(answers):
                async for answer in answers:
                    await self.send("next", id=name, payload=answer)
        except GraphQLError as error:
            kind, members = "error", {"payload": [error.formatted]}
        except (WebSocketDisconnect, RuntimeError):
            return  # nobody is there any more
        finally:
            # Before the client hears that it is over: it may use the id anew.
            if self._under_way.get(name) is asyncio.current_task():
                del self._under_way[name]
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.send(kind, id=name, **members)

    async def end(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _alone(answer: Any) -> AsyncGenerator[dict[str, Any], None]:
    yield await answer
