"""Response formats: one resource, written down as JSON, XML or MessagePack, whichever client and server agree on for a request.

`invoices` is the resource and its contract, `values` what every value must keep to. `formats` lists the formats; `json_text`, `markup`
and `messagepack` read and write them. `negotiation` reads Accept and Content-Type, `digests` tells whether a body came whole, `api`
speaks HTTP and `store` keeps what was understood.
"""

from .api import MAX_BODY_BYTES, create_app
from .digests import content_digest
from .formats import ENGINES, Format, offer
from .invoices import MAX_NUMBER, Invoice, Line
from .markup import stream
from .negotiation import choose
from .problems import Problem
from .values import MAX_DEPTH

__all__ = [
    "ENGINES",
    "MAX_BODY_BYTES",
    "MAX_DEPTH",
    "MAX_NUMBER",
    "Format",
    "Invoice",
    "Line",
    "Problem",
    "choose",
    "content_digest",
    "create_app",
    "offer",
    "stream",
]
