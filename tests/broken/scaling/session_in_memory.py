"""Keeps sessions in the memory of whichever instance was asked, although a shared store is there."""

from implementation import *
from sysdesign.storage.scaling import MemorySessions, service

CAUGHT_BY = ("test_sessions_in_a_shared_store_outlive_instances",)

service.RedisSessions = lambda store: MemorySessions()
