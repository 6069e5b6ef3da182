"""Two classifiers on the same documents: is one better, or was it luck?"""

from __future__ import annotations

import math

from classify_core.evaluation.proportions import Z


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """The probability that two equally good classifiers differ as much as these, or more: McNemar's test, exact.

    McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages" (1947).

    Args:
        only_first: documents that only the first got right.
        only_second: documents that only the second got right.

    Returns:
        The two-sided p-value, 0.0 to 1.0.
    """
    differing = only_first + only_second
    ways = tail = 1
    for count in range(1, min(only_first, only_second) + 1):
        ways = ways * (differing - count + 1) // count  # from one binomial coefficient to the next
        tail += ways
    outcomes: int = 2**differing
    return min(1.0, 2 * tail / outcomes)  # of whole numbers, since neither need fit into a float


def difference_interval(only_first: int, only_second: int, documents: int) -> tuple[float, float]:
    """The 95 % interval of the second's accuracy minus the first's, on the same documents.

    Bonett & Price, "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired Data"
    (2012).

    Args:
        only_first: documents that only the first got right.
        only_second: documents that only the second got right.
        documents: all of them.

    Returns:
        Its beginning and end, -1.0 to 1.0.
    """
    first, second = (only_first + 1) / (documents + 2), (only_second + 1) / (documents + 2)
    middle = second - first
    half = Z * math.sqrt((first + second - middle * middle) / (documents + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)
