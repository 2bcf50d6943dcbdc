"""Makes cursors of how many entries stood before, so that an entry is skipped when one in front of it goes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_list_is_walked_through_without_gap_or_repetition_while_it_changes",)


async def connection(context, table, parent, key, first, after):
    skipped = schema.number_in(after, schema.CURSOR) if after else 0
    records = (await context.loaders.pages(table, parent, 1_000, 0).load(key) or implementation.loaders.NOTHING).records
    edges = [
        {"cursor": schema.opaque(schema.CURSOR, place), "node": record}
        for place, record in enumerate(records[skipped : skipped + first], skipped + 1)
    ]
    more = len(records) > skipped + first
    return {"edges": edges, "page_info": {"has_next_page": more, "end_cursor": edges[-1]["cursor"]}}


schema = implementation.schema
schema.connection = connection
