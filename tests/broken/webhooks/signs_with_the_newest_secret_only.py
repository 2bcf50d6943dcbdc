"""Signs with the newest secret only, so that every receiver must change it in the same moment as the sender."""

import implementation
from implementation import *

CAUGHT_BY = ("test_while_a_secret_rotates_both_are_good", "test_a_rotated_secret_signs_beside_the_new_one_for_a_while")

real = implementation.Signer.__init__
implementation.Signer.__init__ = lambda self, secrets: real(self, list(secrets)[:1])
