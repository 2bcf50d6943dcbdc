"""Adds to whatever session it is told, also to one that a caller made up or that has expired."""

from implementation import *
from sysdesign.storage.scaling import sessions

CAUGHT_BY = ("test_a_session_is_opened_here_alone_and_is_not_kept_for_ever",)

sessions.RedisSessions._ADD = (
    "redis.call('HINCRBY', KEYS[1], ARGV[1], 1) redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1"
)
