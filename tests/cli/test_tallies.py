"""What is told of a mailbox that was backed up; with servers, with_server/test_fetch.py does it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from imaplib2._cli.backup.downloads import Plan
from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.surveys import Survey
from imaplib2._cli.backup.tallies import Tally


def download(**fields: Any) -> Any:
    return SimpleNamespace(**{"count": 0, "size": 0, "vanished": 0, "problems": {}, **fields})


def test_what_several_connections_do_is_added() -> None:
    tally = Tally("INBOX", "x", is_dry=False)
    tally.found(Survey(7, dict.fromkeys(range(1, 1001), ())))
    assert tally.text == "nothing new (1,000 messages)"
    again = {5: Entry("6.1", 6, 1, 1, None, (), "<a>")}
    tally.planned(Plan(7, {1: 10, 2: 20}, again, {3: (), 4: ()}, [9]))
    tally.done(download(count=1000, size=1000, vanished=1, problems={1: "x", 2: "y"}))
    assert not tally.is_good
    tally.planned(Plan(7, {2: 20}, {}, {}, []))
    tally.done(download(count=200, size=234, vanished=1, problems={2: "y"}))
    assert tally.text == (
        "1,200 new (1.2 kB), 1 known from before, new flags of 2, 1 deleted on the server, and"
        " kept, 2 deleted meanwhile, 1 message failed"
    )


def test_what_would_be_done() -> None:
    tally = Tally("INBOX", "x", is_dry=True)
    tally.found(Survey(7, {1: ()}, 1))
    assert (tally.text, tally.is_good) == ("nothing to fetch (2 messages)", False)
    tally.planned(Plan(7, {1: 10, 2: 20}, {}, {}, []))
    assert tally.text == "2 messages to fetch (30 B)"
