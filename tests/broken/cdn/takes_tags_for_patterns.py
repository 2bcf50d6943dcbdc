"""Takes a tag for the beginning of tags: who purges `shoe` purges `shoestring` too."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_purge_takes_a_url_or_a_tag_and_nothing_else",)


def purge_tag(self, tag):
    return sum(really_purge(self, other) for other in list(self._tagged) if other.startswith(tag))


really_purge = implementation.Store.purge_tag
implementation.Store.purge_tag = purge_tag
