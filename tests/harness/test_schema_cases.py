"""Schemathesis as a process: it counts what it has tried, and finds what an API does against its document."""

import json
import re

import pytest
from werkzeug.wrappers import Response

from fixtures.endpoints import served_endpoints
from fixtures.processes import free_port
from fixtures.schema_cases import schema_cases

LARGEST = 1_000_000
CASES = 60
THING = {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things/{number}": {
            "get": {
                "parameters": [
                    {
                        "name": "number",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 0, "maximum": LARGEST},
                    }
                ],
                "responses": {
                    "200": {"description": "It.", "content": {"application/json": {"schema": THING}}},
                    "404": {"description": "No such thing."},
                    "405": {"description": "Not so."},
                },
            }
        }
    },
}


def in_json(value):
    return Response(json.dumps(value), content_type="application/json")


def sound(number):
    return in_json({"number": number})


def crashing(number):
    return Response(status=500) if number > LARGEST // 2 else sound(number)


def breaking_its_schema(number):
    return in_json({"number": str(number)})


def answering_undocumented(number):
    return Response(status=202)


def refusing_what_is_right(number):
    return Response(status=412)


def served(environ, answer):
    """Answer a request for the document or for a thing; what is no thing does not exist."""
    if environ["PATH_INFO"] == "/openapi.json":
        return in_json(DOCUMENT)
    if environ.get("HTTP_AUTHORIZATION") != "Bearer right":
        return Response(status=401)
    match = re.fullmatch(r"/things/(0|[1-9][0-9]{0,6})", environ["PATH_INFO"])
    if match is None or int(match[1]) > LARGEST:
        return Response(status=404)
    if environ["REQUEST_METHOD"] != "GET":
        return Response(status=405, headers={"Allow": "GET"})
    return answer(int(match[1]))


@pytest.fixture
def tried():
    """Try an API that answers so."""
    with served_endpoints() as make:

        def run(answer, **how):
            api = make(lambda environ, start: served(environ, answer)(environ, start))
            told = {"cases": CASES, "seed": 1, "headers": {"Authorization": "Bearer right"}, **how}
            return schema_cases(f"{api.url}/openapi.json", **told)

        yield run


def test_a_sound_api_is_held_to_as_many_cases_as_were_asked_for(tried, capsys):
    """What keeps to its document has no failure; the count is of requests that were answered, and the seed is printed."""
    found = tried(sound)

    assert found.failures == ()
    assert found.tried == sum(found.statuses.values()) >= CASES
    assert found.statuses[200] > CASES / 4
    assert "seed 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (crashing, "Server error"),
        (breaking_its_schema, "is not of type"),
        (answering_undocumented, "Undocumented status code"),
        (refusing_what_is_right, "412"),
    ],
)
def test_what_an_api_does_against_its_document_is_found(tried, answer, complaint):
    """A crash, a wrong shape, a status that is not documented: each is told with a command that does it again."""
    failures = tried(answer).failures

    assert any(complaint in failure and "curl" in failure for failure in failures), failures


def test_a_seed_tries_the_same_again(tried):
    """Two runs with one seed meet the same."""
    assert tried(sound, seed=7) == tried(sound, seed=7)


def test_without_its_headers_nothing_is_reached(tried):
    """The headers are on every request: with others, an API that wants them answers nothing."""
    assert set(tried(sound, headers={"Authorization": "Bearer wrong"}).statuses) == {401}


def test_a_run_that_cannot_begin_is_an_error():
    """Without an API there is no result, which would read as nothing found."""
    with pytest.raises(RuntimeError, match="did not end well"):
        schema_cases(f"http://127.0.0.1:{free_port()}/openapi.json", cases=1, seed=1)
