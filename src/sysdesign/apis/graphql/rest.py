"""The same bookshop as a REST API has it: an address a list, and each entry whole. Beside the graph, to be compared with it."""

from __future__ import annotations

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .database import Database
from .tables import AUTHORS, BOOKS, RECORDS, REVIEWS

MOST = 100
"""How many entries a list has."""


def routes(database: Database) -> list[Route]:
    """Return the routes of `/authors`, `/authors/1/books` and `/books/1/reviews`."""

    async def respond(request: Request) -> JSONResponse:
        parent, path = request.path_params.get("id"), request.url.path
        table, whose = {"authors": (AUTHORS, None), "books": (BOOKS, BOOKS.c.author_id)}.get(
            path.rpartition("/")[2], (REVIEWS, REVIEWS.c.book_id)
        )
        asked = request.query_params.get("limit", "")
        limit = min(MOST, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) <= len(str(MOST)) else MOST
        query = select(table).order_by(table.c.id).limit(limit)
        rows = await database.rows(query if whose is None else query.where(whose == parent))
        return JSONResponse([RECORDS[table](*row)._asdict() for row in rows])

    paths = ("/authors", "/authors/{id:int}/books", "/books/{id:int}/reviews")
    return [Route(path, respond) for path in paths]
