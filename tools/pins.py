"""Compile the pinned requirements from the names in pyproject.toml (`make pins`).

One resolution serves Python 3.11 to 3.13 on every platform; the sets of the book and of JupyterLab
are compiled under the constraint of the whole set, so that they can never disagree.
"""

import shutil
import subprocess
import sys

COMPILE = (
    "uv pip compile --universal --python-version 3.11 --quiet --no-emit-index-url "
    "--no-emit-find-links --custom-compile-command"
)


def compile_pins(upgrade: bool) -> None:
    """Write requirements.txt, then what it constrains, then the oldest versions."""
    newest = ["--upgrade"] if upgrade else []
    constrained = ["--constraint", "requirements.txt"]
    for group, output, extra in (
        ("all", "requirements.txt", newest),
        ("book", "requirements-book.txt", ["--upgrade", *constrained]),
        ("lab", "requirements-lab.txt", [*newest, *constrained]),
        ("oldest", "requirements-oldest.txt", []),
    ):
        if group == "oldest":  # what an output file holds already is kept where it can be
            shutil.copy("requirements.txt", output)
        command = [sys.executable, "-m", *COMPILE.split(), "make pins"]
        command += ["--group", f"pyproject.toml:{group}", "--output-file", output, *extra]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"Wrote {output}")


if __name__ == "__main__":
    compile_pins("--upgrade" in sys.argv[1:])
