"""Takes every answer below 400 for success, so that an event which was sent elsewhere by a redirect is lost."""

import implementation
from implementation import *

CAUGHT_BY = ("test_only_2xx_is_success_and_what_is_refused_is_given_up_sooner",)

implementation.Answer.delivered = property(lambda self: self.status is not None and self.status < 400)
