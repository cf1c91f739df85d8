"""Messages to show things with: always the same ones, from people who can't mind."""

from __future__ import annotations

import random
from email.message import EmailMessage
from email.policy import SMTP

from ..._hints import NamedTuple

_PEOPLE = (
    "Ada Lovelace", "Charles Babbage", "Grace Hopper", "Alan Turing", "Émilie du Châtelet",
    "Carl Gauß", "Hypatia", "Emmy Noether", "Évariste Galois", "关孝和",
)  # fmt: skip
_SUBJECTS = (
    "Lunch on Thursday?", "Minutes of the meeting", "The analytical engine", "A moth in the relay",
    "Re: your proof", "Fünf Fragen", "Invoice 1843", "On computable numbers", "Travel plans",
    "Photographs", "Re: Re: the cards", "Déjeuner", "数学",
)  # fmt: skip
_SENTENCES = (
    "The engine weaves patterns as the loom weaves flowers and leaves.",
    "Nobody needs to wait for an answer before the next question goes out.",
    "What was found in the relay has been glued into the book.",
    "Morgen mehr, wenn die Dreiecke vermessen sind.",
    "Je n'ai pas le temps, as you will understand.",
)
_FLAGS = (r"\Seen", r"\Seen", r"\Seen", r"\Seen \Answered", r"\Flagged", "")
#: When the first one was written, in seconds since 1970: 2026-01-05; and half a day.
_BEGINNING, _STEP = 1_767_600_000, 43_200


class Sample(NamedTuple):
    """A message in bytes, its flags as APPEND takes them, and its date in seconds since 1970."""

    content: bytes
    flags: str
    date: float


def sample(number: int) -> Sample:
    """The message with that *number*, which is the same each time.

    >>> sample(7) == sample(7), sample(7) == sample(8)
    (True, False)
    """
    chance = random.Random(number)
    date = _BEGINNING + number * _STEP + chance.randrange(_STEP)
    content = message(chance.choice(_PEOPLE), chance.choice(_SUBJECTS), date, number)
    content.set_content(_text(chance))
    if chance.random() < 0.1:
        data = chance.randbytes(chance.randrange(4_000, 40_000))
        content.add_attachment(data, "image", "png", filename="photograph.png")
        # Else it would be another one each time.
        content.set_boundary(f"part-{number}")
    return Sample(content.as_bytes(policy=SMTP), chance.choice(_FLAGS), date)


def message(sender: str, subject: str, date: float, number: int) -> EmailMessage:
    """A message without content to the user of the demonstration."""
    from email.headerregistry import Address
    from email.utils import formatdate

    made = EmailMessage()
    first = sender.split()[0].encode("ascii", "ignore").decode().lower() or "seki"
    made["From"] = Address(sender, first, "example.org")
    made["To"] = Address("Demo", "demo", "example.org")
    made["Subject"] = subject
    made["Date"] = formatdate(date)
    made["Message-ID"] = f"<{number}.{int(date)}@example.org>"
    return made


def news(number: int, date: float) -> bytes:
    """A message that arrives at *date*: the one with that *number*."""
    chance = random.Random(number)
    sender, subject = _PEOPLE[number % len(_PEOPLE)], _SUBJECTS[number % len(_SUBJECTS)]
    made = message(sender, subject, date, number)
    made.set_content(_text(chance))
    return made.as_bytes(policy=SMTP)


def _text(chance: random.Random) -> str:
    paragraphs = (
        " ".join(chance.choices(_SENTENCES, k=chance.randrange(2, 9)))
        for _ in range(chance.randrange(1, 6))
    )
    return "\n\n".join(paragraphs) + "\n"
