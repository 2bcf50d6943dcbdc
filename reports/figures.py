"""How numbers are written: with as many digits as say something, and a unit that fits."""

from collections.abc import Sequence

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
SIGNIFICANT_DIGITS = 4
DURATION_UNITS: Sequence[tuple[float, str]] = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
COMPACT_UNITS: Sequence[tuple[float, str]] = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float | str) -> str:
    """Whole numbers in full, in groups of three; others to four significant digits; words as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{value:,.0f}".replace(",", THIN_SPACE)
    if abs(value) >= 10**SIGNIFICANT_DIGITS:
        return f"{value:,.0f}".replace(",", THIN_SPACE)
    return f"{value:.{SIGNIFICANT_DIGITS}g}"


def duration(seconds: float) -> str:
    """A time to three significant digits: `12.3 µs`."""
    for size, unit in DURATION_UNITS:
        if seconds >= size:
            return f"{_three_digits(seconds / size)}{THIN_SPACE}{unit}"
    return f"{_three_digits(seconds / 1e-9)}{THIN_SPACE}ns" if seconds else f"0{THIN_SPACE}s"


def times(factor: float) -> str:
    """A ratio to three significant digits: `1.25 ×`."""
    return f"{_three_digits(factor)}{THIN_SPACE}×"


def interval(low: float, high: float) -> str:
    """The ends of an interval of ratios: `1.21 – 1.29 ×`."""
    return f"{_three_digits(low)} – {times(high)}"


def compact(value: float) -> str:
    """The label of a tick: `250`, `10k`, `1M`."""
    for size, unit in COMPACT_UNITS:
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _three_digits(value: float) -> str:
    if value < 1:
        return f"{value:#.3g}"
    decimals = max(0, 3 - len(str(int(value))))
    return f"{value:,.{decimals}f}".replace(",", THIN_SPACE)
