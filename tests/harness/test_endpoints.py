"""Endpoints in this process: what comes is noted as it came, and answered as planned."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from werkzeug.wrappers import Response

from fixtures.endpoints import answering, holding_the_answer, holding_the_request, losing_the_answer, served_endpoints
from fixtures.eventually import eventually


@pytest.fixture
def acted():
    """What the application behind the endpoint has seen."""
    return []


@pytest.fixture
def endpoint(acted):
    """An endpoint in front of an application that notes the bodies it gets."""

    def application(environ, start_response):
        acted.append(environ["wsgi.input"].read())
        return Response(status=201)(environ, start_response)

    with served_endpoints() as make:
        yield make(application)


def post(endpoint, body=b"body"):
    connection = HTTPConnection(endpoint.host, endpoint.port, timeout=5)
    try:
        connection.request("POST", "/", body, {"X-Name": "value"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Retry-After")
    finally:
        connection.close()


def test_requests_are_noted_and_let_in(endpoint, acted):
    """Without a plan the application answers, and the endpoint has the request as it came."""
    assert post(endpoint) == (201, None)
    assert acted == [b"body"]
    assert (endpoint.requests[0].headers["X-Name"], endpoint.requests[0].body) == ("value", b"body")


def test_planned_steps_come_one_after_the_other(endpoint, acted):
    """A refused request never reaches the application, one whose answer is lost does; behind the plan all are let in."""
    endpoint.plan = iter([answering(503, Retry_After="7"), losing_the_answer])

    assert [post(endpoint) for _ in range(3)] == [(503, "7"), (502, None), (201, None)]
    assert (len(endpoint.requests), len(acted)) == (3, 2)


@pytest.mark.parametrize(("hold", "acted_meanwhile"), [(holding_the_request, 0), (holding_the_answer, 1)])
def test_a_held_request_waits_for_its_gate(endpoint, acted, hold, acted_meanwhile):
    """What is held is noted at once and answered when the gate opens; the application acts before or behind that."""
    gate = threading.Event()
    endpoint.plan = iter([hold(gate)])
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(post, endpoint)
        eventually(lambda: endpoint.requests and len(acted) == acted_meanwhile)
        early = held.done()
        gate.set()

    assert not early
    assert held.result() == (201, None)
    assert len(acted) == 1


def test_an_endpoint_alone_answers_that_it_has_taken_everything():
    """Without an application behind it an endpoint answers 204."""
    with served_endpoints() as make:
        assert post(make()) == (204, None)
