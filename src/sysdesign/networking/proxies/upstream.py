"""Upstream: requests that are sent on, and their answers as they come."""

from __future__ import annotations

import http
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import urllib3
from flask import Response
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Silent
from urllib3.util import SKIP_HEADER

from sysdesign.networking.proxies.fields import Fields, end_to_end

if TYPE_CHECKING:
    from flask import Request
    from urllib3.response import BaseHTTPResponse

PIECE_BYTES = 65_536
ADDED_BY_CLIENT = ("Accept-Encoding", "User-Agent")
"""Fields that urllib3 would add where the client has sent none."""


def problem(status: int, detail: str = "") -> Response:
    """Return a response that tells a problem (RFC 9457)."""
    told = {"type": "about:blank", "title": http.HTTPStatus(status).phrase, "status": status}
    told |= {"detail": detail} if detail else {}
    return Response(json.dumps(told), status, content_type="application/problem+json")


class Upstream:
    """Sends requests on, over connections that are kept for the next one.

    Args:
        connections: How many are kept to each server; give it as many as there are threads.
        connect_seconds: The longest that a server may take to accept a connection.
    """

    def __init__(self, connections: int = 32, connect_seconds: float = 2.0) -> None:
        self._pools = urllib3.PoolManager(num_pools=100, maxsize=connections, block=True)
        self._connect_seconds = connect_seconds

    def send(self, request: Request, origin: str, target: str, fields: Fields, seconds: float) -> Response:
        """Send a request on and return the answer, of which only the head has come.

        Args:
            request: What the client has sent; its body is read from where the server keeps it.
            origin: `HOST:PORT`.
            target: Path and query, as the client wrote them.
            fields: What is sent besides, Host included.
            seconds: The longest that the server may be silent.

        A server that cannot be reached or breaks off is told as 502, one that is silent as 504.
        """
        headers = urllib3.HTTPHeaderDict(fields)
        for name in ADDED_BY_CLIENT:
            headers.setdefault(name, SKIP_HEADER)
        body = request.stream if request.content_length else None
        try:
            pool = self._pools.connection_from_url(f"http://{origin}")
            answer = pool.urlopen(
                request.method,
                target,
                body,
                headers,
                timeout=urllib3.Timeout(connect=self._connect_seconds, read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except NewConnectionError:  # urllib3 counts it among the timeouts
            return problem(502)
        except Silent:
            return problem(504)
        except HTTPError:
            return problem(502)
        if request.method == "HEAD" or answer.status in {204, 304}:
            answer.drain_conn()  # there is no body: the connection is free at once
        response = Response(Body(answer), answer.status)
        response.headers.clear()
        response.headers.extend(end_to_end(answer.headers.items()))
        return response


class Body:
    """The body of an answer: passed on in the pieces in which it comes, and never held as a whole."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._answer.read1(PIECE_BYTES, decode_content=False):
            if self._answer.length_remaining == 0:
                self._answer.drain_conn()  # the connection is free before the client can ask for more
            yield piece
        self._answer.release_conn()

    def close(self) -> None:
        """Give up what has not come: a connection in the middle of an answer is no use to the next request."""
        self._answer.close()
