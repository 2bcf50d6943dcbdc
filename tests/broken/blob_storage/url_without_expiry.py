"""Signs URLs that are good for a week, whatever was asked for: whoever finds one in a log can use it."""

from implementation import *

CAUGHT_BY = ("test_a_signed_url_is_good_until_it_expires",)

sign = Bucket._sign
Bucket._sign = lambda self, operation, parameters, seconds: sign(self, operation, parameters, 7 * 86_400)
