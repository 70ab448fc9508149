"""The ledger of claims, and the step from a measurement to a verdict and its card.

Introduced in the chapter "The nitty-gritty".
"""

from utils.claims.entries import EXPECTATIONS, KINDS, Change, Claim, Ledger, ledger, load
from utils.claims.plans import frozen
from utils.claims.settling import (
    SHAPES,
    Settled,
    by_reading,
    reset,
    settle,
    table,
    verdict,
    verdicts,
)

__all__ = [
    "EXPECTATIONS",
    "KINDS",
    "SHAPES",
    "Change",
    "Claim",
    "Ledger",
    "Settled",
    "by_reading",
    "frozen",
    "ledger",
    "load",
    "reset",
    "settle",
    "table",
    "verdict",
    "verdicts",
]
