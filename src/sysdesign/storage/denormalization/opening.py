"""Opening the blog on any engine, with any way to keep its copies."""

from __future__ import annotations

from .blog import Blog, Keeper
from .databases import connect
from .documents import DocumentBlog
from .events import Consumer
from .keepers import FanOut, InTransaction, MaterializedView
from .mongo import MongoDB
from .pages import Reach
from .triggers import Triggers


def open_blog(url: str, *keep: str, batch: int = 1_000, reach: Reach = lambda _: None) -> Blog | DocumentBlog:
    """Open a blog that exists, or is to be created; it is used by one thread at a time, and closed by its caller.

    Args:
        url: `sqlite:///path`, `postgresql://…` or `mongodb://…/database`.
        keep: How copies are kept: "transaction" (by default), "fan-out", "triggers", "view", "events", or several;
            on MongoDB "transaction" or "fan-out".
        batch: How many copies a fan-out writes at once.
        reach: Called behind each step.
    """
    if url.startswith("mongodb"):
        return DocumentBlog(MongoDB(url), batch if "fan-out" in keep else 0, reach)
    database = connect(url)

    def keeper(how: str) -> Keeper:
        match how:
            case "transaction":
                return InTransaction(database, reach=reach)
            case "fan-out":
                return FanOut(database, reach=reach, batch=batch)
            case "triggers":
                return Triggers(database)
            case "view":
                return MaterializedView(database, reach=reach)
            case "events":
                return Consumer(database, reach=reach)
            case _:
                raise ValueError(how)

    return Blog(database, *map(keeper, keep or ("transaction",)), reach=reach)
