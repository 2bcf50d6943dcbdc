"""Latency and data centres: how long answers take, why that is so, and what can be done about it.

`geography` knows how soon an answer can come at best; `system_tools` (ping, traceroute), `icmp` (icmplib) and `tcp` measure how soon it
does; `survey` measures many targets at once and tells which is nearest; `samples` speaks of them by percentiles. `traffic` goes to the
nearest region and on to the next when it fails; `round_trips` asks in fewer trips, and does something about the slowest of many.
"""

from sysdesign.networking.latency_and_data_centers.command import Site, main, read_sites
from sysdesign.networking.latency_and_data_centers.geography import (
    LIGHT_IN_FIBRE_KM_PER_S,
    Place,
    great_circle_km,
    least_round_trip,
)
from sysdesign.networking.latency_and_data_centers.icmp import Icmplib
from sysdesign.networking.latency_and_data_centers.round_trips import Hedging, fan_out, one_by_one, together
from sysdesign.networking.latency_and_data_centers.samples import (
    Hop,
    NotMeasured,
    Sample,
    Target,
    any_of,
    percentile,
)
from sysdesign.networking.latency_and_data_centers.survey import Engine, Tracer, measure, nearest_first, survey
from sysdesign.networking.latency_and_data_centers.system_tools import SystemTools, read_trace
from sysdesign.networking.latency_and_data_centers.tcp import Phases, TcpConnects, TcpExchanges, connected, phases
from sysdesign.networking.latency_and_data_centers.traffic import Traffic

__all__ = [
    "LIGHT_IN_FIBRE_KM_PER_S",
    "Engine",
    "Hedging",
    "Hop",
    "Icmplib",
    "NotMeasured",
    "Phases",
    "Place",
    "Sample",
    "Site",
    "SystemTools",
    "Target",
    "TcpConnects",
    "TcpExchanges",
    "Tracer",
    "Traffic",
    "any_of",
    "connected",
    "fan_out",
    "great_circle_km",
    "least_round_trip",
    "main",
    "measure",
    "nearest_first",
    "one_by_one",
    "percentile",
    "phases",
    "read_sites",
    "read_trace",
    "survey",
    "together",
]
