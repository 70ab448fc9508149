"""The arithmetic behind a verdict: medians, exact intervals, paired comparisons over seeds.

Introduced in the chapter "The nitty-gritty". Every interval here is exact and free of assumptions
about the shape of the distribution.
"""

from utils.samples import Sample
from utils.stats.comparisons import (
    median_above,
    median_below,
    paired_win,
    share_above,
    share_below,
)
from utils.stats.evidence import Evidence, all_of, any_of, check, negate, timed
from utils.stats.intervals import (
    Interval,
    Share,
    median_interval,
    share_interval,
    wrong_way_share,
)

__all__ = [
    "Evidence",
    "Interval",
    "Sample",
    "Share",
    "all_of",
    "any_of",
    "check",
    "median_above",
    "median_below",
    "median_interval",
    "negate",
    "paired_win",
    "share_above",
    "share_below",
    "share_interval",
    "timed",
    "wrong_way_share",
]
