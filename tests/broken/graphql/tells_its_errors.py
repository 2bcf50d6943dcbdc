"""Tells clients what went wrong inside: the statement, the tables, and where the database is."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_field_that_fails_leaves_its_siblings_answering",)

implementation.execution.presentable = lambda error: error
