"""Messages to show things with."""

from __future__ import annotations

import email
import email.policy

import pytest

from imaplib2._cli.demonstration import samples


@pytest.mark.parametrize("number", [-3, 1, 5, 40])
def test_a_message_is_one_and_the_same(number: int) -> None:
    made = samples.sample(number)
    assert made == samples.sample(number)
    message = email.message_from_bytes(made.content, policy=email.policy.default)
    assert not message.defects
    assert message["From"].addresses[0].domain == "example.org"
    assert message["Subject"]
    assert b"\n" not in made.content.replace(b"\r\n", b"")


def test_they_differ() -> None:
    made = [samples.sample(number).content for number in range(300)]
    assert len(set(made)) == 300
    assert any(b"image/png" in content for content in made)


def test_news() -> None:
    message = email.message_from_bytes(samples.news(3, 1e9), policy=email.policy.default)
    assert message["Date"].datetime.timestamp() == 1e9
    assert samples.news(3, 1e9) != samples.news(4, 1e9)
