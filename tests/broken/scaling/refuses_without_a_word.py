"""Refuses without Retry-After: clients come back at once, and keep an overloaded instance busy with refusing."""

from flask import Response
from implementation import *
from sysdesign.storage.scaling import service

CAUGHT_BY = ("test_what_comes_beyond_the_queue_is_refused_at_once_and_told_when_to_come_back",)

service.not_now = lambda: Response(status=503)
