"""The ledger of claims, and the step from a measurement to a verdict and its card.

Introduced in the chapter "The nitty-gritty".
"""

from utils.claims.entries import EXPECTATIONS, KINDS, Change, Claim, Ledger, ledger, load
from utils.claims.plans import frozen
from utils.claims.rules import SHAPES, SIX_WORDS, Outcome, Settled, contradictions, word
from utils.claims.settling import ContradictionError, by_reading, reset, settle, table
from utils.claims.stored import verdicts

__all__ = [
    "EXPECTATIONS",
    "KINDS",
    "SHAPES",
    "SIX_WORDS",
    "Change",
    "Claim",
    "ContradictionError",
    "Ledger",
    "Outcome",
    "Settled",
    "by_reading",
    "contradictions",
    "frozen",
    "ledger",
    "load",
    "reset",
    "settle",
    "table",
    "verdicts",
    "word",
]
