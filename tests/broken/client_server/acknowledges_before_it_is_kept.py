"""Acknowledges notes at once, and writes them into the database a while later."""

import threading

import implementation
from implementation import *

CAUGHT_BY = ("test_a_killed_server_leaves_nobody_hanging_and_loses_no_note",)


class SqliteNotes(SqliteNotes):
    later, numbers, lock = [], iter(range(10**6, 10**9)), threading.Lock()

    def add(self, text):
        with self.lock:
            self.later.append(text)
            if len(self.later) >= 20:
                for each in self.later:
                    super().add(each)
                self.later.clear()
            return Note(next(self.numbers), text)


implementation.app.SqliteNotes = SqliteNotes
