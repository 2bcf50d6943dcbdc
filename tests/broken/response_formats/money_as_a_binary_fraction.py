"""Makes a binary fraction of each price, which it cannot be: large sums lose their cents on the way through the server."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_written_in_one_format_can_be_had_in_every_other",)

real = implementation.invoices.Decimal
implementation.invoices.Decimal = lambda text: real(f"{float(text):.2f}")
