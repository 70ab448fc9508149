"""Find the Chromium that tests and prints: the system's, Playwright's own, or the Debian package.

`CHROMIUM=/path/to/chromium` names one. `make test` and `make pdf` call this first.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium, so no browser tests and no printing: install one (on Debian: apt-get install "
    "chromium) or name it with CHROMIUM=/path/to/chromium."
)
PACKAGE = "apt-get install --yes --quiet --no-install-recommends chromium"


def find() -> str | None:
    """The path of a Chromium that is here and starts, None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if starts(named) else None
    on_path = filter(starts, filter(None, map(shutil.which, NAMES)))
    return next(on_path, None) or _playwrights_own()


def install() -> str | None:
    """Get one: Playwright's own, else Debian's package, if root installs it unasked, else None.

    Playwright's may be downloaded and still not start, for want of the system's libraries.
    """
    print("No Chromium on this system: asking Playwright for its own", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    found = find()
    root = _as_root()
    if found or root is None or not shutil.which("apt-get"):
        return found
    print("Playwright's cannot be had or does not start: installing the package", flush=True)
    for command in ("apt-get update --quiet", PACKAGE):
        _run([*root, "env", "DEBIAN_FRONTEND=noninteractive", *command.split()])
    return find()


def starts(path: str) -> bool:
    """Whether a browser can say its version: it is there, and so are the libraries it needs."""
    return _run([path, "--version"])


def _playwrights_own() -> str | None:
    """The browser that Playwright would start by default, if it is installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if starts(path) else None


def _as_root() -> list[str] | None:
    """What to put before a command so that root runs it, None where nobody may without asking."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if _run(["sudo", "-n", "true"]) else None


def _run(command: Sequence[str]) -> bool:
    """Run something quietly and without questions; whether it was there and succeeded."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    found = find() or (None if os.environ.get("CHROMIUM") else install())
    print(f"Chromium: {found}" if found else MISSING)
