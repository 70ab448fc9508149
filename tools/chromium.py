"""Find the Chromium for the browser tests: the system's, or one that Playwright installs.

`CHROMIUM=/path/to/chromium` names one. `make test` calls this before the tests.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium: the browser tests are skipped. Install one (on Debian: apt-get install chromium) "
    "or name it with CHROMIUM=/path/to/chromium."
)


def find() -> str | None:
    """The path of a Chromium that is here already, None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or _playwrights_own()


def install() -> str | None:
    """Let Playwright install its Chromium; None where that fails, as without a network."""
    print("No Chromium on this system: asking Playwright to install its own")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    return _playwrights_own()


def _playwrights_own() -> str | None:
    """The browser that Playwright would start by default, if it is installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


if __name__ == "__main__":
    found = find() or install()
    print(f"Chromium: {found}" if found else MISSING)
