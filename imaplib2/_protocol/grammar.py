"""Character classes and patterns of the formal syntax (RFC 3501 and RFC 9051, section 9)."""

from __future__ import annotations

import re

from .patterns import pattern

CRLF = b"\r\n"

# date-month      = "Jan" / "Feb" / ...
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# atom-specials   = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
# ATOM-CHAR       = <any CHAR except atom-specials>
# ASTRING-CHAR    = ATOM-CHAR / resp-specials
# list-char       = ATOM-CHAR / list-wildcards / resp-specials
ASTRING = pattern(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
LIST_CHARS = pattern(r"[!#$%&'*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
ATOM = pattern(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")

# tag             = 1*<any ASTRING-CHAR except "+">
TAG = pattern(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+")

# quoted          = DQUOTE *QUOTED-CHAR DQUOTE
# (A repeated group costs some 60 bytes of memory each time, a repeated character nothing.)
_QUOTED = r'"[^"\\\r\n\0]*(?:\\["\\][^"\\\r\n\0]*)*"'
QUOTED = pattern(_QUOTED)

# What programs write, for taking their texts apart. One that isn't closed reaches to the end: were
# it no match at all, each of its quotes would be tried as a beginning, which costs the square.
QUOTED_TEXT = r'"[^"\\]*(?:\\.[^"\\]*)*"?'
IS_CLOSED = pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"')

# What servers send, without the escapes in it; the same holds for it.
_QUOTED_BYTES = rb'"[^"]*"?'
QUOTED_BYTES = pattern(_QUOTED_BYTES)

# Text of a list, taken apart as far as nesting goes: quoted strings, parentheses, all else.
LIST_TOKEN = pattern(_QUOTED + r'|[()]|[^"()]+')

# No argument may hold these: NUL never, CR and LF only inside a literal.
FORBIDDEN = pattern(r"[\0\r\n]")
FORBIDDEN_BYTES = pattern(rb"[\0\r\n]")
LONE_CR = pattern(rb"\r(?!\n)")

# literal         = "{" number ["+"] "}" CRLF *CHAR8;  literal8 = "~{" number ["+"] "}" CRLF *OCTET
# The announcement ends a line and follows one of these, so "name{3}" isn't one.
LITERAL_AT_END = pattern(rb"(?:^|[ (\[\])<>~])\{([0-9]+)\+?\}\Z")
# What is usual, for the fast path in ``runs.py``: text up to a literal of less than 1 GB; and the
# rest of a response, with what is behind it as far as a literal, if that begins like a FETCH
# response. (Where a single byte is looked for, as "{" is, a match takes the least time.)
_LITERAL = rb"\{(?<=[ (\[\])<>~]\{)([0-9]{1,9})\}"
UP_TO_LITERAL = pattern(rb"(.*" + _LITERAL + rb")\r\n")
REST_AND_UP_TO_LITERAL = pattern(rb"(.*)\r\n(?:(\* [0-9]+ [^{]*" + _LITERAL + rb")\r\n)?")
NUMBERED = pattern(rb"\* [0-9]+ ")

# resp-cond-state and its kin: lines whose end is human-readable text.
STATUS_RESPONSE = pattern(rb"(?:\*|\S+) +(?:OK|NO|BAD|BYE|PREAUTH)(?: +|\Z)", re.IGNORECASE)

# What no line begins with that goes on with a quoted string of the one before it: "* ", "+", or a
# tag (all of ours end with a digit; see DONE in ``connection.py``) and how its command has ended.
RESPONSE_START = pattern(
    rb"\* |\+|(?:DONE|[^\s(){%*\"\\]*[0-9]) +(?:OK|NO|BAD)(?: |\Z)", re.IGNORECASE
)
FETCH_RESPONSE = pattern(rb"\* +[0-9]+ +FETCH ", re.IGNORECASE)

# One of what ENABLE and its answer list (RFC 5161, section 4; RFC 6855, section 3).
UTF8_ACCEPT = pattern(rb"(?<!\S)UTF8=ACCEPT(?!\S)", re.IGNORECASE)

# resp-text-code  = "[" atom [SP 1*<any TEXT-CHAR except "]">] "]"; flags may hold "]" all the same
_CODE_TOKEN = pattern(_QUOTED_BYTES + rb"|[()\[\]]")


def without_escapes(text: bytes) -> bytes:
    """*text* with something else, of the same size, for each escape that quoted strings may hold.

    A pattern that knows of escapes needs memory for each, many times what the server has sent.
    """
    if b"\\" not in text:
        return text
    return text.replace(b"\\\\", b"__").replace(b'\\"', b"__")


def unescaped(text: bytes) -> bytes:
    """What *text*, the inside of a quoted string, stands for: backslashes are gone, but for pairs.

    By replace(), as a pattern needs forty times the memory of what consists of escapes.
    """
    if b"\\" not in text:
        return text
    # Each NUL is marked: first those that are there, though none may be, then those for pairs.
    marked = text.replace(b"\0", b"\0N").replace(b"\\\\", b"\0P").replace(b"\\", b"")
    return marked.replace(b"\0P", b"\\").replace(b"\0N", b"\0")


def end_of_response_code(text: bytes, start: int = 0) -> int:
    """Where the "]" is that closes the response code at *start*.

    -1 when it isn't closed, -2 when there is no response code.
    """
    if not text.startswith(b"[", start):
        return -2
    end = text.find(b"]", start)
    inside = text[start + 1 : end]
    if not (b"(" in inside or b'"' in inside or b"[" in inside):
        return end
    parentheses = brackets = 0
    for found in _CODE_TOKEN.finditer(without_escapes(text), start):
        token = found[0]
        brackets += {b"[": 1, b"]": -1}.get(token, 0)
        parentheses += {b"(": 1, b")": -1}.get(token, 0)
        if token == b"]" and brackets <= 0 and parentheses <= 0:
            return found.start()
    # Unbalanced: the first one has to do.
    return end


# The public patterns; group names and matched text are those of imaplib.
InternalDate = pattern(
    rb'.*INTERNALDATE "(?P<day>[ 0123][0-9])-(?P<mon>[A-Z][a-z][a-z])-(?P<year>[0-9]{4})'
    rb" (?P<hour>[0-9]{2}):(?P<min>[0-9]{2}):(?P<sec>[0-9]{2})"
    rb' (?P<zonen>[-+])(?P<zoneh>[0-9]{2})(?P<zonem>[0-9]{2})"'
)
Flags = pattern(rb".*FLAGS \((?P<flags>[^)]*)\)")
MapCRLF = pattern(rb"\r\n|\r|\n")
Literal = pattern(rb".*\{(?P<size>[0-9]+)\+?\}$")
Response_code = pattern(rb"\[(?P<type>[A-Z0-9-]+)(?: (?P<data>.*))?\]")
Untagged_response = pattern(rb"\* +(?P<type>[A-Z0-9-]*[A-Z-][A-Z0-9-]*)(?: (?P<data>.*))?")
Untagged_status = pattern(rb"\* +(?P<data>[0-9]+) (?P<type>[A-Z-]+)(?: (?P<data2>.*))?")
Continuation = pattern(rb"\+(?: (?P<data>.*))?")

#: Their names.
PUBLIC = frozenset({
    "InternalDate", "Flags", "MapCRLF", "Literal", "Response_code", "Untagged_response",
    "Untagged_status", "Continuation",
})  # fmt: skip
