"""The wheel and the source distribution hold what they should, and can be installed everywhere.

They are in the folder IMAPLIB2_DISTRIBUTIONS: ``tox -e package`` makes them.
"""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest

import imaplib2

from ..needs import skip
from .pythons import EXTRAS, ROOT, Environment, interpreter, versions

FOLDER = os.environ.get("IMAPLIB2_DISTRIBUTIONS")

pytestmark = pytest.mark.timeout(300)

SOME_TESTS = "tests/core/test_claims.py"

#: What an extra brings, as it is imported.
BROUGHT = {
    "cli": "rich",
    "demo": "pymap, rich",
    "docs": "furo, sphinx, sphinx_copybutton",
    "keyring": "keyring",
    "scram": "scramp",
    "test": "hypothesis, pytest, pytest_timeout, rich, scramp, xdist",
}
#: What an extra is for, if that needs nothing else; {} is a folder.
USED = {
    "demo": ["imaplib2", "demo", "--messages=20", "--round-trip=0.001"],
    "docs": ["sphinx-build", "-q", "-W", "-b", "dummy", str(ROOT / "docs"), "{}"],
    "test": ["python", "-I", "-m", "pytest", "-p", "no:cacheprovider", str(ROOT / SOME_TESTS)],
}
OTHERS = [
    *("CHANGELOG.rst", "SECURITY.rst", "tox.ini", "docs/conf.py", "examples/legacy.py"),
    # tox -e package looks at it.
    ".github/workflows/tests.yml",
]
"""What the source distribution has besides tests and the package, for example."""
BUILT_BY = "setuptools>=77"
"""What a build takes."""


def _only(pattern: str) -> Path:
    if FOLDER is None:
        pytest.skip("only tox -e package makes distributions")
    (path,) = Path(FOLDER).glob(pattern)
    return path


@pytest.fixture
def wheel() -> Path:
    return _only("*.whl")


@pytest.fixture
def source() -> Path:
    """The source distribution."""
    return _only("*.tar.gz")


def environment(version: str, folder: Path) -> Environment:
    program = interpreter(version)
    return Environment(program, folder) if program else skip(f"Python {version} is not installed")


def _names(wheel: Path) -> set[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    package = {
        PurePosixPath(path.relative_to(ROOT).as_posix())
        for path in (ROOT / "imaplib2").rglob("*")
        if path.suffix in (".py", ".typed")
    }
    names = _names(wheel)
    assert {name for name in names if name.parts[0] == "imaplib2"} == package
    others = {name.parts[0] for name in names} - {"imaplib2"}
    assert others == {f"imaplib2-{imaplib2.__version__}.dist-info"}
    assert wheel.name == f"imaplib2-{imaplib2.__version__}-py3-none-any.whl"


def test_what_the_wheel_says_of_itself(wheel: Path) -> None:
    metadata = _metadata(wheel)
    assert metadata["Version"] == imaplib2.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    assert sorted(metadata.get_all("Provides-Extra", [])) == EXTRAS == sorted(BROUGHT)
    assert all("extra ==" in line for line in metadata.get_all("Requires-Dist", []))
    # The page of the index: what a file of the repository tells is named, and not linked.
    description = metadata.get_payload()
    assert "(``docs/migrating/imaplib.rst``)" in description
    assert {*re.findall(r"<([^`>]+)>`_", description)} == {"https://semver.org/spec/v2.0.0.html"}


def test_the_version_is_in_one_place() -> None:
    """All others ask there; changelog and commits tell of the past."""
    tracked = ["setup.cfg", "pyproject.toml", "tox.ini", "MANIFEST.in", "docs/conf.py"]
    texts = [(ROOT / name).read_text("utf-8") for name in tracked]
    texts += [path.read_text("utf-8") for path in (ROOT / "imaplib2").rglob("*.py")]
    assert sum(f'"{imaplib2.__version__}"' in text for text in texts) == 1


def test_the_source_can_be_tested(source: Path, tmp_path: Path) -> None:
    with tarfile.open(source) as archive:
        # Newer Pythons want to be told; Debian 12's has no argument for it.
        archive.extraction_filter = lambda member, _: member
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    for name in OTHERS:
        assert (folder / name).exists(), name
    ours = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")}
    theirs = {path.relative_to(folder) for path in (folder / "tests").rglob("*.py")}
    assert ours == theirs
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SOME_TESTS]
    subprocess.run(command, cwd=folder, check=True, timeout=120)


@pytest.mark.parametrize("version", versions())
def test_the_wheel_needs_nothing(version: str, wheel: Path, tmp_path: Path) -> None:
    made = environment(version, tmp_path / "venv")
    made.pip("install", "--no-index", str(wheel))
    assert made.pip("list", "--format=freeze").split() == [f"imaplib2=={imaplib2.__version__}"]
    told = f"imaplib2 {imaplib2.__version__}\n"
    assert made.run("imaplib2", "--version") == told
    assert made.run("python", "-I", "-X", "dev", "-W", "error", "-m", "imaplib2", "-h")
    where = made.run("python", "-I", "-W", "error", "-c", "import imaplib2; print(imaplib2)")
    assert str(tmp_path) in where


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("version", versions())
def test_an_extra(version: str, extra: str, wheel: Path, tmp_path: Path) -> None:
    made = environment(version, tmp_path / "venv")
    made.pip("install", f"{wheel}[{extra}]")
    assert "No broken requirements" in made.pip("check")
    made.run("python", "-I", "-c", f"import {BROUGHT[extra]}")
    if version == "3.10" and extra in ("cli", "demo"):
        made.run("python", "-I", "-c", "import tomli")
    used = USED.get(extra, ["imaplib2", "--help"])
    made.run(*(word.replace("{}", str(tmp_path / "made")) for word in used))


@pytest.mark.parametrize("version", versions())
def test_all_of_it_without_a_network(version: str, source: Path, tmp_path: Path) -> None:
    """Once everything has been downloaded: built from the source, with all extras for users."""
    made = environment(version, tmp_path / "venv")
    kept, wanted = str(tmp_path / "kept"), f"{source}[cli,demo,keyring,scram]"
    made.pip("download", "--dest", kept, wanted, BUILT_BY)
    made.pip("install", "--no-index", "--find-links", kept, wanted)
    assert "No broken requirements" in made.pip("check")
    assert made.run("imaplib2", "--version") == f"imaplib2 {imaplib2.__version__}\n"
