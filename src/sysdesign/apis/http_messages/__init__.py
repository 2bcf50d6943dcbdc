"""HTTP requests and responses: one description of some resources, served by two frameworks under two servers.

`messages` is what is read and written, `conditions` compares versions and cuts ranges, `limits` bounds what is read. `site` holds the
resources over `notes`, `description` says what each method does and makes the OpenAPI document of it; `fastapi_engine` and
`flask_engine` mount it, `servers` run them.
"""

from .conditions import entity_tag, matches_strongly, matches_weakly
from .description import Resource, openapi, respond
from .limits import MAX_BODY_BYTES, MAX_FIELDS_BYTES, MAX_TARGET_BYTES
from .messages import JSON, PROBLEM_JSON, Problem, Request, Response
from .notes import Notes
from .servers import ENGINES, main
from .site import COOKIE, MOVED, Site

__all__ = [
    "COOKIE",
    "ENGINES",
    "JSON",
    "MAX_BODY_BYTES",
    "MAX_FIELDS_BYTES",
    "MAX_TARGET_BYTES",
    "MOVED",
    "PROBLEM_JSON",
    "Notes",
    "Problem",
    "Request",
    "Resource",
    "Response",
    "Site",
    "entity_tag",
    "main",
    "matches_strongly",
    "matches_weakly",
    "openapi",
    "respond",
]
