"""Notes how far it has copied before it copies, so that a batch in which it is killed is never copied."""

from implementation import *
from implementation import Migration

CAUGHT_BY = ("test_a_live_table_is_split_though_the_migration_is_killed_again_and_again",)


class Migration(Migration):
    def copy(self):
        [(begin,)] = self.database.rows("SELECT copied_to FROM user_copy")
        ids = f"SELECT id FROM users WHERE id > {begin} ORDER BY id LIMIT {self.batch}"
        if not self._switched():
            [(end,)] = self.database.rows(f"SELECT coalesce(max(id), {begin}) FROM ({ids}) AS next_ids")
            self.database.rows("UPDATE user_copy SET copied_to = ?", end)
            if end > begin:
                for part in self.parts:
                    names = ", ".join(("id", *part.columns))
                    self.database.rows(
                        f"INSERT INTO {part.table} ({names}) SELECT {names} FROM users "
                        f"WHERE id > {begin} AND id <= {end} ON CONFLICT (id) DO NOTHING"
                    )
                return True
        return False

    def _out_of_step(self):
        return 0
