"""File names that are safe to save under, whatever the mail says."""

from __future__ import annotations

from .._protocol.patterns import pattern

_SEPARATORS = pattern(r"[/\\]+")
# Control characters that aren't blanks; what is invisible, or turns the direction of a text;
# surrogates and noncharacters. Not what joins or parts letters (U+200C, U+200D).
_INVISIBLE = pattern(
    "[\\0-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5"
    "\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufdd0-\\ufdef"
    "\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\U000e0000-\\U000e0fff]"
)
# What Windows allows in no name. A ":" would begin the name of a stream of the file.
_FORBIDDEN = pattern(r'[<>:"|?*]')
# The devices that Windows has in each folder; what is behind a dot makes no difference to it.
_DEVICE = pattern(
    r"(?i)(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|\Z)"
)
# Folders above, and hidden files; options of commands; homes of users.
_FIRST = (".", "-", "~")

#: Longer ones are no extensions, but parts of a text with a dot in it.
_LONGEST_EXTENSION = 16
_SHORTEST = 32


def save_name(name: str | None, *, default: str = "attachment", longest: int = 200) -> str:
    """A file name, without a folder, made of *name*, which anybody may have written.

    What comes out can be appended to the path of a folder on any system, names a file of that
    folder and nothing else, and shows what it is:

    - of a path, the last part counts: no folder, drive, or ``..`` remains;
    - no control characters, none that are invisible or turn the direction of text; blanks of all
      kinds are one space each;
    - what Windows forbids or drops isn't there: ``<>:"|?*``, dots and blanks at the end, names of
      devices (``CON``, ``nul.txt``);
    - it begins with no dot, hyphen or tilde: no file is hidden, no command takes it for an option;
    - it has at most *longest* bytes in UTF-8 (32 or more, else ValueError); what is cut off is the
      end of what stands before its extension;
    - where nothing remains, or *name* is None, it is made of *default* in the same way; and if
      nothing remains of that, it is ``attachment``.

    Two names may come out alike, or alike but for their case, which is the same file to some
    systems; so open the file by mode ``"xb"``, and try another name if it is there.

    >>> save_name("../../etc/passwd"), save_name(r"C:\\Users\\me\\1: plan.doc"), save_name("COM1.c")
    ('passwd', '1_ plan.doc', '_COM1.c')
    >>> save_name("photo\\u202egpj.exe"), save_name(None), save_name("...", default="part 2")
    ('photogpj.exe', 'attachment', 'part 2')
    """
    if longest < _SHORTEST:
        raise ValueError(f"longest: at least {_SHORTEST}, not {longest}")
    clean = _cleaned(name or "") or _cleaned(default) or "attachment"
    cut = _cut(clean, longest)
    return f"_{_cut(clean, longest - 1)}" if _is_special(cut) else cut


def _cleaned(text: str) -> str:
    text = " ".join(_INVISIBLE.sub("", text).split())
    parts = [part for part in map(_trimmed, _SEPARATORS.split(text)) if part]
    return _FORBIDDEN.sub("_", parts[-1]) if parts else ""


def _trimmed(part: str) -> str:
    return part.lstrip(" ").rstrip(" .")


def _is_special(name: str) -> bool:
    return name.startswith(_FIRST) or _DEVICE.match(name) is not None


def _cut(name: str, longest: int) -> str:
    """*name* in at most *longest* bytes, with its extension."""
    if len(name.encode()) <= longest:
        return name
    stem, dot, extension = name.rpartition(".")
    end = (dot + extension).encode()
    if not stem or len(end) > _LONGEST_EXTENSION:
        stem, end = name, b""
    kept = stem.encode()[: longest - len(end)].decode("utf-8", "ignore")
    return (_trimmed(kept) or "_") + end.decode()
