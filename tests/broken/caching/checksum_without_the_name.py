"""Leaves the name out of the checksum, so that an entry that belongs to another question is an answer."""

from zlib import crc32

import implementation.cache
from implementation import *

CAUGHT_BY = ("test_an_entry_that_is_damaged_or_not_its_own_is_a_miss",)


def pack(name, payload):
    return b"V" + crc32(payload).to_bytes(4) + payload


def unpack(name, entry):
    if entry != pack(name, entry[5:]):
        raise ValueError
    return entry[5:]


implementation.cache.pack, implementation.cache.unpack = pack, unpack
