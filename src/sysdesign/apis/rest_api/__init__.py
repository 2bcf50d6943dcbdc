"""REST API: bookmarks that have addresses, and a handful of methods to read, create, change and remove them.

`api` speaks HTTP, with `bodies` that it takes and gives. `accounts` and `tokens` tell who calls, `rights` what they may do. `bookmarks`
are the resource, each change bound to a version; `pages` lists them, `merge_patch` changes parts of them. `database` keeps all of it,
`problems` are the refusals, and `app` puts it together.
"""

from .accounts import Accounts, Passwords
from .app import create_app
from .bookmarks import Bookmarks, Draft
from .database import BOOKMARKS, Database
from .merge_patch import merged
from .pages import Cursors, Listing
from .problems import Problem
from .rights import RIGHTS, Caller
from .tokens import ALGORITHM, AUDIENCE, InvalidToken, Tokens

__all__ = [
    "ALGORITHM",
    "AUDIENCE",
    "BOOKMARKS",
    "RIGHTS",
    "Accounts",
    "Bookmarks",
    "Caller",
    "Cursors",
    "Database",
    "Draft",
    "InvalidToken",
    "Listing",
    "Passwords",
    "Problem",
    "Tokens",
    "create_app",
    "merged",
]
