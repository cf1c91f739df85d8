"""IDLE as in Python 3.14."""

from __future__ import annotations

import imaplib


def watch(M: imaplib.IMAP4) -> list[str]:
    seen: list[str] = []
    with M.idle(duration=29 * 60) as idler:
        for typ, data in idler:
            seen.append(typ.lower())
            print(typ, data)
            if typ == "EXISTS":
                break
    return seen


def batches(M: imaplib.IMAP4) -> int:
    total = 0
    with M.idle(duration=None) as idler:
        total += len(list(idler.burst()))
        for typ, data in idler.burst(interval=0.5):
            print(typ, data)
            total += 1
        burst = idler.burst(0.1)
        print(next(burst, None), next(idler, None))
        burst.close()
        print(next(idler)[0].lower())
    return total


def returns_from_within(M: imaplib.IMAP4_SSL) -> str:
    with M.idle(duration=1.5) as idler:
        return next(idler)[0]


def events(M: imaplib.IMAP4) -> int:
    with M.idle(duration=60.0) as idler:
        return len([typ for typ, _ in idler if typ != "OK"])
