"""The releases of CPython whose imaplib the tables here know, as runs have shown.

`differences` and `cpython_exceptions` say what imaplib does by patch level; on a release that
isn't named here it may do something else. As a script: fails on such a release.
"""

from __future__ import annotations

import sys

KNOWN = {
    (3, 10, 13),
    (3, 11, 2),
    (3, 11, 7),
    (3, 12, 1),
    (3, 13, 0),
    (3, 13, 5),
    (3, 14, 10),
}

if __name__ == "__main__":
    sys.exit(sys.version_info[:3] not in KNOWN)
