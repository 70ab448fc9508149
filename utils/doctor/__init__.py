"""What is wrong with a network that does not learn: a Keras callback and a report.

Introduced in the chapter "Diagnosis".
"""

from utils.doctor.diagnosis import CURES, HEALTHY, UNKNOWN, Diagnosis, Doctor, diagnose, examine
from utils.doctor.examination import Findings, findings_of_runs
from utils.doctor.signs import (
    ALIKE_AT_END,
    ALIKE_AT_START,
    DEAD,
    EXPLODING,
    HARDLY_MOVED,
    INPUT_TOO_LARGE,
    INPUT_TOO_SMALL,
    LOUD,
    MOVED_TOO_FAR,
    SATURATED,
    VANISHING,
)

__all__ = [
    "ALIKE_AT_END",
    "ALIKE_AT_START",
    "CURES",
    "DEAD",
    "EXPLODING",
    "HARDLY_MOVED",
    "HEALTHY",
    "INPUT_TOO_LARGE",
    "INPUT_TOO_SMALL",
    "LOUD",
    "MOVED_TOO_FAR",
    "SATURATED",
    "UNKNOWN",
    "VANISHING",
    "Diagnosis",
    "Doctor",
    "Findings",
    "diagnose",
    "examine",
    "findings_of_runs",
]
