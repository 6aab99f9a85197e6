"""Which of two runs is right where they differ, with evidence that may be looked at at any time.

A film on which two runs take different sides is a throw of a coin: one of them is right. The bet
against a fair coin spreads its capital over all shares alike [1]_; inverted for every share it
gives an interval that holds the true share at all times together [2]_.

References
----------
.. [1] H. Robbins, Ann. Math. Stat. 41 (1970) 1397-1409.
.. [2] S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021) 1055-1080.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from scipy import optimize
from scipy.special import betaln

ALPHA = 0.05
LOOKED_AHEAD = 2000
"""More films than these are not foretold."""

_EDGE = 1e-12


@dataclass(frozen=True, slots=True)
class ShareInterval:
    """A share with the interval that holds at all times; the whole range for n = 0."""

    value: float
    low: float
    high: float
    n: int


def coin_log_e(right: float, n: float, share: float = 0.5) -> float:
    """Return the natural logarithm of the e-value against a share.

    Parameters
    ----------
    right, n : float
        Throws that came out right, of all.
    share : float in (0, 1)
    """
    return float(betaln(right + 1.0, n - right + 1.0)) - (
        right * log(share) + (n - right) * log(1.0 - share)
    )


def coin_e_value(right: int, n: int) -> float:
    """Return the e-value against a fair coin; it reaches 1 / alpha by chance with alpha at most."""
    return exp(min(coin_log_e(right, n), 700.0))


def share_interval(right: int, n: int, alpha: float = ALPHA) -> ShareInterval:
    """Return the share of throws that came out right, with its interval at all times."""
    if n == 0:
        return ShareInterval(float("nan"), 0.0, 1.0, 0)
    value, limit = right / n, log(1.0 / alpha)

    def above(share: float) -> float:
        return coin_log_e(right, n, share) - limit

    low = 0.0 if right == 0 else float(optimize.brentq(above, _EDGE, value - _EDGE))
    high = 1.0 if right == n else float(optimize.brentq(above, value + _EDGE, 1.0 - _EDGE))
    return ShareInterval(value, low, high, n)


def films_to_go(right: int, n: int, alpha: float = ALPHA) -> int | None:
    """Return how many more throws the evidence needs if they go on as they went.

    Returns
    -------
    int or None
        0 where it suffices; None where more than 2,000 would be needed.
    """
    if coin_log_e(right, n) >= log(1.0 / alpha):
        return 0
    share = (right + 0.5) / (n + 1.0)
    for more in range(1, LOOKED_AHEAD + 1):
        if coin_log_e(right + share * more, n + more) >= log(1.0 / alpha):
            return more
    return None
