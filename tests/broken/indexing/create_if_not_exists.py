"""Missing indexes are created `IF NOT EXISTS`, which takes what an interrupted build has left for an index."""

from implementation import *
from implementation import Orders

CAUGHT_BY = ("test_a_build_killed_half_way_harms_nothing_and_is_made_good",)


class Orders(Orders):
    def create_indexes(self, *indexes):
        for index in indexes or self.indexes:
            self.database.rows(self.statement(index).replace(f" {index.name} ON", f" IF NOT EXISTS {index.name} ON"))
