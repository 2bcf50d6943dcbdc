"""Scaling: the same service with more of it, in one server (vertical) or as more servers (horizontal).

law.py         what more is worth: the Universal Scalability Law, Little's law
slots.py       how much one instance does at a time; what it refuses
sessions.py    what is remembered between two requests, and where
service.py     the service
server.py      one instance of it, under gunicorn
fleet.py       instances, or workers, that come and go under load
balancers.py   how balancers are told of it
locustfile.py  its customers, for Locust
"""

from sysdesign.storage.scaling.balancers import Address, Balancer, HaproxyBalancer, OurBalancer
from sysdesign.storage.scaling.fleet import Fleet, Instance, Late, Workers, is_ready
from sysdesign.storage.scaling.law import Curve, fit, longest_queue, mean_in_flight
from sysdesign.storage.scaling.server import main
from sysdesign.storage.scaling.service import create_app
from sysdesign.storage.scaling.sessions import MemorySessions, NoSession, RedisSessions, Sessions
from sysdesign.storage.scaling.slots import Load, Overloaded, Slots

__all__ = [
    "Address",
    "Balancer",
    "Curve",
    "Fleet",
    "HaproxyBalancer",
    "Instance",
    "Late",
    "Load",
    "MemorySessions",
    "NoSession",
    "OurBalancer",
    "Overloaded",
    "RedisSessions",
    "Sessions",
    "Slots",
    "Workers",
    "create_app",
    "fit",
    "is_ready",
    "longest_queue",
    "main",
    "mean_in_flight",
]
