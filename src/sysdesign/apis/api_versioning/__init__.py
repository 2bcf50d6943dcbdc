"""API versioning: several versions of one API, side by side on the same rows, each with a contract and an end that it tells of.

`contracts` tells additive from breaking changes; `contracts/` holds what was promised, and exchanges that clients have recorded.
`users` says how each version shows a user and writes one, `releases` which versions a release of the server has. `service` finds
the version that a request names and counts its calls, `flask_app` and `fastapi_app` speak HTTP, `store` keeps the rows.
Builds on 09 (response_formats): which media type a client likes best.
"""

from .contracts import Contract, breaking_changes, contract, misfits
from .releases import COLUMNS, RELEASES, create_app
from .users import join, split
from .versions import Calls, Version, media_type_of

__all__ = [
    "COLUMNS",
    "RELEASES",
    "Calls",
    "Contract",
    "Version",
    "breaking_changes",
    "contract",
    "create_app",
    "join",
    "media_type_of",
    "misfits",
    "split",
]
