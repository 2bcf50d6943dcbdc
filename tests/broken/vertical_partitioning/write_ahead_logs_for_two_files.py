"""Gives each of two attached files a write-ahead log, with which a commit to both is not atomic."""

from implementation import *
from implementation import SQLite

CAUGHT_BY = ("test_only_with_rollback_journals_is_a_commit_to_two_files_one",)


class SQLite(SQLite):
    def __init__(self, path, cold=None, journal="WAL", wait_seconds=5.0):
        super().__init__(path, cold, journal, wait_seconds)
