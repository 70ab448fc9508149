"""How every kernel of ours is started: by `make notebooks`, and by nbval through conftest.py."""

import os

from tools.course import Course

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
"""The kernel that every notebook asks for."""
CELL_TIMEOUT = 300
"""Seconds that one cell may take before it counts as hung."""


def environment(course: Course) -> dict[str, str]:
    """The environment variables of a kernel: helpers found, logs quiet, one reproducible device."""
    path = os.pathsep.join(filter(None, [str(course.root), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Stored outputs are those of a CPU, which every reader has, unless a device is asked for.
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "-1"),
        # No frozen-modules warning from the debugger at each start.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def threads(share: int) -> dict[str, str]:
    """The variables that give a process its share of the cores, at least one.

    A process for each core with one thread of TensorFlow's is faster than its threads are: the
    small nets of a population leave them idle.
    """
    each = str(max(share, 1))
    return dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), each)
