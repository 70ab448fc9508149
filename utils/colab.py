"""What a chapter needs in a hosted notebook, in the first cell of every chapter.

TensorFlow, Keras and NumPy are taken as they are there. Only small packages that are missing are
installed, without their dependencies, so that nothing that was there before changes its version.
"""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

SMALL_PACKAGES = {"mnist1d": "mnist1d", "tqdm": "tqdm", "yaml": "pyyaml"}
"""Import name -> package name of what a hosted notebook may lack."""


def prepare(course: Path) -> None:
    """Install the small packages that are missing here, at the course's pinned versions."""
    missing = [
        package
        for name, package in SMALL_PACKAGES.items()
        if importlib.util.find_spec(name) is None
    ]
    if not missing:
        return
    pinned = pins(course / "requirements.txt", missing)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *pinned]
    if subprocess.run(pip).returncode:
        raise SystemExit(
            f"Could not install {', '.join(pinned)}: is there a network? Then run this cell again."
        )
    importlib.invalidate_caches()


def pins(requirements: Path, packages: list[str]) -> list[str]:
    """The lines of a requirements file that pin these packages, as `name==version`."""
    text = requirements.read_text(encoding="utf-8")
    found = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, flags=re.MULTILINE))
    return [f"{package}=={found[package]}" for package in packages]
