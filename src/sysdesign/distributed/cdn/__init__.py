"""CDN: edges near the clients answer from what they have stored, by the rules of HTTP, and the origin is hardly asked at all.

    python -m sysdesign.distributed.cdn --port 8080 --origin 127.0.0.1:8000 --admin PATH --stale-seconds 60
    python -m sysdesign.distributed.cdn measure FILE

While an edge runs, it takes orders on the Unix socket PATH (relative to its working directory, and for its user alone): one line a
connection, answered by the number of stored responses that were forgotten:

    purge HOST PATH · purge-tag TAG

messages.py    requests, responses and their fields
rules.py       what may be stored, how long it is fresh, when it may be stale (RFC 9111, RFC 5861)
store.py       what is stored: variants, tags, purges, within so many bytes
conditions.py  304, 206 and 416 from what is stored (RFC 9110)
flights.py     requests to the origin that are on their way, and who waits for them
edge.py        all of it together: hits, misses, revalidation, the origin's failures; settings.py
origin.py      the connections to the origin, or to an edge that shields it
server.py      the connections of clients; administration.py: the socket for orders
command.py     the command line
regions.py     how far it is to an edge, and which one is the nearest
site.py        a static site, published so that it can be kept for ever
dialects.py    the same edge for nginx (nginx.conf) and for Varnish (varnish.vcl)
operations.py  purges, told to each edge in its own way
measure.py     a CDN of somebody else, measured against its origin
"""

from sysdesign.distributed.cdn.command import main
from sysdesign.distributed.cdn.dialects import nginx_configuration, varnish_configuration
from sysdesign.distributed.cdn.edge import Edge
from sysdesign.distributed.cdn.measure import report
from sysdesign.distributed.cdn.messages import Fields, Request, Response
from sysdesign.distributed.cdn.operations import NginxEdge, OurEdge, Purges, VarnishEdge
from sysdesign.distributed.cdn.origin import Origin, Unanswered
from sysdesign.distributed.cdn.regions import Directory, Place
from sysdesign.distributed.cdn.rules import lifetime, may_store
from sysdesign.distributed.cdn.server import Server
from sysdesign.distributed.cdn.settings import Settings
from sysdesign.distributed.cdn.site import create_site, publish
from sysdesign.distributed.cdn.store import Store, Stored

__all__ = [
    "Directory",
    "Edge",
    "Fields",
    "NginxEdge",
    "Origin",
    "OurEdge",
    "Place",
    "Purges",
    "Request",
    "Response",
    "Server",
    "Settings",
    "Store",
    "Stored",
    "Unanswered",
    "VarnishEdge",
    "create_site",
    "lifetime",
    "main",
    "may_store",
    "nginx_configuration",
    "publish",
    "report",
    "varnish_configuration",
]
