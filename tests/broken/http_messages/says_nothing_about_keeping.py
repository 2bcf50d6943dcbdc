"""Does not say who may keep a response: each cache decides by itself."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_response_is_complained_of",)

fields = Response.fields
Response.fields = property(lambda self: {n: v for n, v in fields.fget(self).items() if n != "Cache-Control"})
