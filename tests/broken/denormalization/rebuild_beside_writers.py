"""Writes all copies anew without holding writers off, so that a comment made meanwhile is counted on a page that goes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_rebuild_disturbs_no_reader_and_loses_no_writer",)

implementation.PostgreSQL.hold_off_writers = lambda database: None
