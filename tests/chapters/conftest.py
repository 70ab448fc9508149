"""A stand-in for a hosted notebook service: its usual packages, and nothing of ours.

Nothing is downloaded: the environment is made of links to the packages installed here.
"""

import csv
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.adopt import adopt
from tools.course import HERE, Course
from tools.kernels import threads

ADDRESS = "https://github.com/pretended/training-neural-networks"
NOT_PUBLISHED = (".git", ".venv", "_build", "__pycache__", ".*_cache", ".hypothesis")
PREINSTALLED = (
    "tensorflow",
    "keras",
    "matplotlib",
    "numpy",
    "scipy",
    "scikit-learn",
    "ipykernel",
    "pyyaml",
    "pip",
)
LACKING = ("mnist1d", "tqdm")
OFFLINE = """\
import socket

_connect = socket.socket.connect


def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        raise OSError(f"the tests reach no network, but something asked for {address}")
    return _connect(self, address)


socket.socket.connect = connect
"""


def closure(names: tuple[str, ...]) -> list[metadata.Distribution]:
    """The installed distributions of these names and of all that they require here."""
    found: dict[str, metadata.Distribution] = {}
    pending = list(names)
    while pending:
        distribution = metadata.distribution(pending.pop())
        key = distribution.metadata["Name"].lower().replace("_", "-")
        if key not in found:
            found[key] = distribution
            requirements = map(Requirement, distribution.requires or [])
            pending += [
                requirement.name
                for requirement in requirements
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            ]
    return list(found.values())


def links(chosen: list[metadata.Distribution]) -> dict[str, Path]:
    """Path in the new environment -> path here: whole folders, or files of a folder that is shared.

    Nothing can be installed there over a linked folder, for the only wheel in reach is a new one.
    """
    names = {distribution.metadata["Name"] for distribution in chosen}
    owners: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        for top in {file.parts[0] for file in distribution.files or []}:
            owners.setdefault(top, set()).add(name)
    found = {}
    for distribution in chosen:
        files = [file for file in distribution.files or [] if ".." not in file.parts]
        for name in {f.parts[0] if owners[f.parts[0]] <= names else str(f) for f in files}:
            source = Path(str(distribution.locate_file(name)))
            if source.exists():
                found[name] = source
    return found


def build(folder: Path) -> Path:
    """Make the environment and return its Python."""
    venv = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(venv, check=True)
    variables = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", vars=variables))
    for name, source in links(closure(PREINSTALLED)).items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).symlink_to(source)
    (site / "sitecustomize.py").write_text(OFFLINE)
    return folder / "bin" / "python"


def wheel(name: str, folder: Path) -> Path:
    """The wheel of an installed pure-Python distribution, packed again from its files."""
    distribution = metadata.distribution(name)
    stem = f"{name}-{distribution.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    left_out = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(path, "w") as archive:
        for file in distribution.files or []:
            if file.name not in left_out and file.suffix != ".pyc" and ".." not in file.parts:
                archive.writestr(str(file), Path(str(distribution.locate_file(file))).read_bytes())
                rows.writerow([str(file), "", ""])
        rows.writerow([f"{stem}.dist-info/RECORD", "", ""])
        archive.writestr(f"{stem}.dist-info/RECORD", record.getvalue())
    return path


def environment(home: Path, wheels: Path, rewrites: dict[str, str]) -> dict[str, str]:
    """The variables of a process there: no network, wheels and addresses answered locally."""
    settings = {
        f"GIT_CONFIG_{part}_{number}": value
        for number, (address, local) in enumerate(rewrites.items())
        for part, value in (("KEY", f"url.{local}.insteadOf"), ("VALUE", address))
    }
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **{name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", *threads(1))},
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(rewrites)),
        **settings,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels.as_uri(),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@dataclass(frozen=True)
class Hosted:
    """A hosted notebook service with the published course within reach."""

    python: Path
    variables: dict[str, str]
    offline: dict[str, str]
    published: Course


def _git(*arguments: str, cwd: Path) -> None:
    subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The working tree, published at an address that a bare repository on this disk answers.

    Anew for each module, since a chapter's first cell installs what it lacks.
    """
    root = tmp_path_factory.mktemp("hosted")
    course = Course(root / "course")
    ignore = shutil.ignore_patterns(*NOT_PUBLISHED)
    shutil.copytree(HERE.root, course.root, ignore=ignore, symlinks=True)
    adopt(course, ADDRESS)
    _git("init", "--quiet", "--initial-branch=main", cwd=course.root)
    _git("add", "--all", cwd=course.root)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    _git(*author, "commit", "--quiet", "--message=Publish", cwd=course.root)
    _git("clone", "--quiet", "--bare", str(course.root), str(root / "bare.git"), cwd=root)
    for name in ("home", "wheels"):
        (root / name).mkdir()
    for name in LACKING:
        wheel(name, root / "wheels")
    python = build(root / "venv")
    rewrites = {ADDRESS: (root / "bare.git").as_uri()}
    yield Hosted(
        python,
        environment(root / "home", root / "wheels", rewrites),
        environment(root / "home", root / "wheels", {}),
        course,
    )
    shutil.rmtree(root, ignore_errors=True)
