"""Takes a pass for enough, whichever page has made the browser send it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_has_no_pass_or_comes_from_elsewhere_stays_outside",)

really_init = implementation.Server.__init__
implementation.Server.__init__ = lambda self, application, limits=None, origins=None, extensions=(): really_init(
    self, application, limits, None, extensions
)
