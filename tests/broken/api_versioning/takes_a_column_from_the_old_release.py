"""Renames a column while servers of the old release still use it: all that they do fails until the last of them has been replaced."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_release_killed_while_clients_of_both_versions_write_loses_nothing",)


def expand(self):
    real(self)
    if "phone" in self._columns:
        present = {row["name"] for row in self._database.execute("PRAGMA table_info (users)")}
        if "old_email" not in present:
            self._database.execute("ALTER TABLE users RENAME COLUMN email TO old_email")
            self._database.execute("ALTER TABLE users ADD COLUMN email_address TEXT")
    self._columns = [
        {"email": "email_address AS email"}.get(c, c) if "phone" in self._columns else c for c in self._columns
    ]


real = implementation.store.Store._expand
implementation.store.Store._expand = expand
