"""Trusts the X-Forwarded-For that a client has written itself."""

import implementation
from implementation import *

CAUGHT_BY = ("test_only_a_trusted_proxy_is_believed_about_its_client",)

really_begin = implementation.Witness.__init__
implementation.Witness.__init__ = lambda self, trusted=(): really_begin(self, ("0.0.0.0/0",))
