"""File names that are safe, whatever the mail says."""

from __future__ import annotations

import ntpath
import posixpath
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from imaplib2.parse import save_name

from ..core.test_linear import assert_linear

NAMES = [
    ("report.pdf", "report.pdf"),
    ("R\xe9sum\xe9 (2).pdf", "R\xe9sum\xe9 (2).pdf"),
    ("AC & DC; $HOME 100%.txt", "AC & DC; $HOME 100%.txt"),
    # Paths of all systems.
    ("../../etc/passwd", "passwd"),
    ("/etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("C:\\Users\\me\\a.doc", "a.doc"),
    ("\\\\server\\share\\a.doc", "a.doc"),
    ("C:a.doc", "C_a.doc"),
    ("folder/", "folder"),
    ("a/..", "a"),
    ("a/. ./ .", "a"),
    # Nothing that remains.
    (None, "attachment"),
    ("", "attachment"),
    (".", "attachment"),
    ("..", "attachment"),
    ("/", "attachment"),
    ("\0\x1f\u202e", "attachment"),
    # Dots, hyphens, blanks.
    (".bashrc", "_.bashrc"),
    ("-rf", "_-rf"),
    ("~root", "_~root"),
    (" a.txt ", "a.txt"),
    ("a.txt. . .", "a.txt"),
    ("a\u200b.\u200b.", "a"),
    # Controls and what is invisible.
    ("a\0b\x1b[31m\x7f\x9b.txt", "ab[31m.txt"),
    ("photo\u202egpj.exe", "photogpj.exe"),
    ("a\u2066b\u200fc\ufeffd\ud800e\uffff", "abcde"),
    ("a\r\n\tb\u2028c\xa0d\u3000e", "a b c d e"),
    ("\u0646\u0645\u06cc\u200c\u062f.txt", "\u0646\u0645\u06cc\u200c\u062f.txt"),
    # Windows.
    ('<a>:"|?*.txt', "_a______.txt"),
    ("a.txt:evil.exe", "a.txt_evil.exe"),
    ("a.txt::$DATA", "a.txt__$DATA"),
    ("CON", "_CON"),
    ("con.txt", "_con.txt"),
    ("Aux .tar.gz", "_Aux .tar.gz"),
    ("COM1.txt", "_COM1.txt"),
    ("lpt\xb9", "_lpt\xb9"),
    ("CONIN$", "_CONIN$"),
    ("COM10.txt", "COM10.txt"),
    ("CONTRACT.txt", "CONTRACT.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_a_name_is_made_safe(name: str | None, safe: str) -> None:
    assert save_name(name) == safe


@pytest.mark.parametrize(
    ("name", "longest", "safe"),
    [
        ("a" * 40 + ".pdf", 32, "a" * 28 + ".pdf"),
        ("a" * 40, 32, "a" * 32),
        ("\xe4" * 40 + ".pdf", 33, "\xe4" * 14 + ".pdf"),
        ("\U0001f600" * 40 + ".tar.gz", 32, "\U0001f600" * 7 + ".gz"),
        # No extension, but a text with a dot in it.
        ("a." + "b" * 40, 32, "a." + "b" * 30),
        # What is at the end only once it is cut.
        ("a" * 25 + ". . " + "b" * 10 + ".pdf", 32, "a" * 25 + ".pdf"),
        ("." * 40 + "a" * 20, 32, "_"),
        ("." * 40 + "a.pdf", 32, "_.pdf"),
        ("CON" + " " + "." * 40 + "x.c", 32, "_CON.c"),
        (".bashrc" + "a" * 40, 32, "_.bashrc" + "a" * 24),
    ],
)
def test_a_long_name_keeps_its_extension(name: str, longest: int, safe: str) -> None:
    assert save_name(name, longest=longest) == safe


def test_there_is_always_a_name() -> None:
    assert save_name(None, default="part 1.2") == "part 1.2"
    assert save_name("..", default="../CON") == "_CON"
    assert save_name("..", default="..") == "attachment"


def test_the_bound_has_one() -> None:
    with pytest.raises(ValueError, match="longest: at least 32, not 31"):
        save_name("a", longest=31)


pieces = st.sampled_from(
    ["..", "/", "\\", ":", ".", " ", "-", "~", "\0", "\u202e", "CON", "nul", "com1", "COM\xb9", "$",
     "txt", "a", "\xe4", "\U0001f600", "\n", "\ud800", "*", "\u200d", "~1", "\u0301", "\uff0e"]
)  # fmt: skip
names = st.lists(pieces | st.text(max_size=4), max_size=60).map("".join)
DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789\xb9\xb2\xb3"
}
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B", "S"}


@given(names | st.none(), names, st.integers(32, 255))
@example("." * 300 + "x" * 20, "", 32)
def test_a_safe_name_is_safe(name: str | None, default: str, longest: int) -> None:
    safe = save_name(name, default=default, longest=longest)
    assert 0 < len(safe.encode()) <= longest
    # It is one file of the folder that it is appended to, on any system.
    assert posixpath.normpath(f"/folder/{safe}") == f"/folder/{safe}"
    assert ntpath.normpath(f"C:\\folder\\{safe}") == f"C:\\folder\\{safe}"
    assert ntpath.splitdrive(safe) == ("", safe)
    assert posixpath.basename(safe) == ntpath.basename(safe) == safe
    assert not set(safe) & set('<>:"/\\|?*')
    assert safe[0] not in ".-~ "
    assert safe[-1] not in ". "
    assert safe.split(".")[0].rstrip(" ").upper() not in DEVICES
    assert not {unicodedata.category(c) for c in safe} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(c) for c in safe} & TURNS
    assert {c for c in safe if c.isspace()} <= {" "}


@given(names, st.integers(32, 255))
def test_a_safe_name_stays_as_it_is(name: str, longest: int) -> None:
    safe = save_name(name, longest=longest)
    assert save_name(safe, longest=longest) == safe


@given(
    st.from_regex(
        r"[A-Za-z0-9_\xe4\u4e00][A-Za-z0-9_\xe4\u4e00 ()+,=@-]{0,40}[a-z]{3}[.][a-z]{1,5}",
        fullmatch=True,
    )
)
def test_a_usual_name_stays_as_it_is(name: str) -> None:
    assert save_name(" ".join(name.split())) == " ".join(name.split())


@given(names)
def test_a_file_can_be_saved(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder: Path = tmp_path_factory.mktemp("saved")
    safe = save_name(name)
    (folder / safe).write_bytes(b"x")
    assert [path.name for path in folder.iterdir()] == [safe]


@pytest.mark.parametrize(
    "piece", ["a", ".", "/", "\\", " ", "\0", ". ", "a/", "CON.", "\u202e ", ":"]
)
def test_it_takes_linear_time(piece: str) -> None:
    def work(size: int) -> None:
        save_name(piece * size + "x")

    assert_linear(work, 5000)
