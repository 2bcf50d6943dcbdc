"""Lets an UPDATE of the wide table update the parts, where a row that is not copied yet finds nothing to update."""

from implementation import *
from implementation import Migration

CAUGHT_BY = ("test_what_changes_behind_the_copying_is_not_missed",)


class Migration(Migration):
    def _reactions(self):
        insert, _, delete = super()._reactions()
        update = [
            f"UPDATE {part.table} SET id = NEW.id, {', '.join(f'{name} = NEW.{name}' for name in part.columns)} WHERE id = OLD.id"
            for part in self.parts
        ]
        return insert, update, delete
