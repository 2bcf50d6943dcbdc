"""Denormalization: the pages of a blog, put together from normalized tables or read as they stand in copies.

`blog` is the source of truth and its changes, `pages` reads a page from either schema, finds where they differ and
repairs it. `keepers`, `triggers` and `events` are five ways to keep copies in step; `documents` is the blog on MongoDB,
`mongo` its pages: a copy is one document.
"""

from .blog import Blog, Change, Gone, Keeper
from .databases import Database, PostgreSQL, SQLite, connect
from .documents import DocumentBlog
from .events import Consumer, Outbox
from .keepers import FanOut, InTransaction, MaterializedView
from .mongo import DocumentPages, MongoDB, NormalizedDocuments
from .opening import open_blog
from .pages import NEWEST, NORMALIZED, Page, Pages, Step
from .triggers import Triggers

__all__ = [
    "NEWEST",
    "NORMALIZED",
    "Blog",
    "Change",
    "Consumer",
    "Database",
    "DocumentBlog",
    "DocumentPages",
    "FanOut",
    "Gone",
    "InTransaction",
    "Keeper",
    "MaterializedView",
    "MongoDB",
    "NormalizedDocuments",
    "Outbox",
    "Page",
    "Pages",
    "PostgreSQL",
    "SQLite",
    "Step",
    "Triggers",
    "connect",
    "open_blog",
]
