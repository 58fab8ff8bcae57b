"""Numbers as text, with no more digits than they are worth."""

from __future__ import annotations

import math

import numpy as np

from rs3l_data.report.histograms import F8

NOTHING = "–"


def measured(value: float | None, error: float | None) -> str:
    """Write a value and its error, the error with two digits.

    >>> measured(1234.5678, 1.2345)
    '1234.6 ± 1.2'
    >>> measured(0.000123456, 0.0000012)
    '(1.235 ± 0.012) × 10⁻⁴'
    """
    if value is None:
        return NOTHING
    if error is None or not error > 0 or not math.isfinite(error):
        return f"{value:.4g}"
    power = math.floor(math.log10(max(abs(value), error)))
    if -3 <= power < 6:
        decimals = max(0, 1 - math.floor(math.log10(error)))
        return f"{value:.{decimals}f} ± {error:.{decimals}f}"
    superscript = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"({measured(value / 10.0**power, error / 10.0**power)}) × 10{superscript}"


def count(value: float | None) -> str:
    """Write a whole number, with thin spaces between thousands.

    >>> count(12345)
    '12\u2009345'
    """
    return NOTHING if value is None else f"{value:,.0f}".replace(",", "\u2009")


def size(n_bytes: float) -> str:
    """Write a number of bytes.

    >>> size(1234567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def duration(seconds: float) -> str:
    """Write a time in the largest fitting unit.

    >>> duration(5400)
    '1.50 h'
    """
    for limit, unit in ((3600, "h"), (60, "min")):
        if seconds >= limit:
            return f"{seconds / limit:.2f} {unit}"
    return f"{seconds:.1f} s"


def rounded(value: float, digits: int = 3) -> str:
    """Write a number with so many digits, and never with a power of ten.

    >>> rounded(30.02), rounded(1234.5), rounded(372.1, 2)
    ('30.0', '1230', '370')
    """
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, decimals):.{max(0, decimals)}f}"


def wilson(k: F8, n: F8) -> tuple[F8, F8]:
    """Compute the 68 % interval of a binomial share (Wilson, J. Am. Stat. Assoc. 22 (1927) 209).

    Unlike sqrt(p (1 - p) / n) it is not empty where all or none were counted.

    Parameters
    ----------
    k, n
        Counted, and out of how many (> 0); of the same shape.

    Returns
    -------
    low, high
        Of the same shape.
    """
    share = k / n
    centre = (share + 1 / (2 * n)) / (1 + 1 / n)
    half = np.sqrt(share * (1 - share) / n + 1 / (4 * n**2)) / (1 + 1 / n)
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def percent(k: float, n: float) -> str:
    """Write a share with its binomial error.

    >>> percent(5, 200)
    '2.5 +1.4 −0.9 %'
    """
    if n == 0:
        return NOTHING
    low, high = (float(x) for x in wilson(np.asarray(float(k)), np.asarray(float(n))))
    share = k / n
    up, down = 100 * (high - share), 100 * (share - low)
    smallest = min(x for x in (up, down) if x > 0)
    decimals = max(1, -math.floor(math.log10(smallest)))
    if f"{up:.{decimals}f}" == f"{down:.{decimals}f}":
        return f"{100 * share:.{decimals}f} ± {up:.{decimals}f} %"
    return f"{100 * share:.{decimals}f} +{up:.{decimals}f} −{down:.{decimals}f} %"
