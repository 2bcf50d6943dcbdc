"""Leaves SQLite's tables as they are by default, where a column of numbers keeps a text as well."""

from implementation import *
from implementation import SQLite

CAUGHT_BY = ("test_bad_data_is_refused_by_the_store_itself",)

SQLite.table_options = ""
