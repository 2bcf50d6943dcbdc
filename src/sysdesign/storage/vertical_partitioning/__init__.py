"""Vertical partitioning: a table of users split by its columns, behind one facade.

`parts` says which column lies where; `users` is the facade over parts that one transaction reaches; `apart` the one over
parts in two databases, kept in step by an outbox; `migration` splits a wide table while it is in use; `costs` tells
what that gains; `databases` runs statements on SQLite and PostgreSQL.
"""

from .apart import UsersApart
from .costs import bytes_logged, bytes_read, row_bytes, tables_read
from .databases import Database, Forbidden, PostgreSQL, SQLite, Unavailable
from .migration import Migration, MovingUsers, OutOfStep
from .parts import ACCOUNT, PARTS, PROFILE, SECRET, WIDE, Part, UnknownColumn
from .users import Answer, NoSuchUser, UserExists, Users

__all__ = [
    "ACCOUNT",
    "PARTS",
    "PROFILE",
    "SECRET",
    "WIDE",
    "Answer",
    "Database",
    "Forbidden",
    "Migration",
    "MovingUsers",
    "NoSuchUser",
    "OutOfStep",
    "Part",
    "PostgreSQL",
    "SQLite",
    "Unavailable",
    "UnknownColumn",
    "UserExists",
    "Users",
    "UsersApart",
    "bytes_logged",
    "bytes_read",
    "row_bytes",
    "tables_read",
]
