"""Takes its filter from the body of the request as it came, operators included."""

import implementation
from implementation import *
from implementation import DocumentShop

CAUGHT_BY = ("test_what_looks_like_code_is_data", "test_an_operator_is_compared_as_a_value")

implementation.api.text = lambda body, name: body[name]
DocumentShop.track = lambda self, reference, code: self._only({"_id": reference, "code": code})
