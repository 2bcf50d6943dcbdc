"""Load balancing: requests are spread over servers that come and go, slow down and die.

    python -m sysdesign.storage.load_balancing --port 8080 --backend 127.0.0.1:8001 --backend 127.0.0.1:8002*3
        --policy round-robin|weighted|least-connections|two-choices|consistent-hash --layer 7|4 --check-path /health --admin PATH

While it runs, it takes orders on the Unix socket PATH (relative to its working directory, and for its user alone): one line a
connection, answered by one line of JSON, the state of all backends by their names `HOST:PORT`:

    show · add HOST:PORT [WEIGHT] · drain HOST:PORT · remove HOST:PORT

policies.py    which backend takes the next request
backends.py    who may be asked: health, ejection, slow start, drain
retries.py     which requests may be sent again, and how many
messages.py    HTTP/1.1 taken apart and put together anew: requests.py, responses.py
layer7.py      a backend for each request, by the connections of upstream.py …
layer4.py      … or for each connection
balancer.py    all of it together: time limits, checks, administration
command.py     the command line
dialects.py    the same pool for nginx (nginx.conf) and for HAProxy (haproxy.cfg)
operations.py  backends that come and go, in each dialect
"""

from sysdesign.storage.load_balancing.backends import Backend, Health, HealthRules, Pool
from sysdesign.storage.load_balancing.balancer import Balancer, Limits, Settings
from sysdesign.storage.load_balancing.command import main, settings
from sysdesign.storage.load_balancing.dialects import haproxy_configuration, nginx_configuration
from sysdesign.storage.load_balancing.messages import Malformed
from sysdesign.storage.load_balancing.operations import HaproxyPool, NginxPool, OurPool
from sysdesign.storage.load_balancing.policies import (
    POLICIES,
    ConsistentHash,
    LeastConnections,
    RoundRobin,
    SmoothWeighted,
    TwoChoices,
)
from sysdesign.storage.load_balancing.requests import RequestReader
from sysdesign.storage.load_balancing.responses import ResponseReader
from sysdesign.storage.load_balancing.retries import RetryBudget

__all__ = [
    "POLICIES",
    "Backend",
    "Balancer",
    "ConsistentHash",
    "HaproxyPool",
    "Health",
    "HealthRules",
    "LeastConnections",
    "Limits",
    "Malformed",
    "NginxPool",
    "OurPool",
    "Pool",
    "RequestReader",
    "ResponseReader",
    "RetryBudget",
    "RoundRobin",
    "Settings",
    "SmoothWeighted",
    "TwoChoices",
    "haproxy_configuration",
    "main",
    "nginx_configuration",
    "settings",
]
