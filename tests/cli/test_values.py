"""What options and the configuration file have as text."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given, strategies as st

from imaplib2._cli.failures import Failure
from imaplib2._cli.values import count, fingerprint, port, seconds, split_address

HOSTS = st.from_regex(r"[a-z0-9.-]+", fullmatch=True) | st.just("::1")


@given(
    st.none() | st.from_regex(r"[a-z@:]+", fullmatch=True), HOSTS, st.none() | st.integers(1, 65535)
)
def test_an_address_is_split_as_it_was_written(
    user: str | None, host: str, number: int | None
) -> None:
    shown = f"[{host}]" if ":" in host else host
    text = f"{user + '@' if user else ''}{shown}{f':{number}' if number else ''}"
    assert split_address(text) == (user, host, number)


def test_addresses_without_a_host_are_local() -> None:
    assert split_address("fred@") == ("fred", "localhost", None)
    assert split_address("::1") == (None, "::1", None)


@pytest.mark.parametrize("text", ["host:x", "host:0", "host:65536", "[::1]:-1"])
def test_addresses_with_a_wrong_port(text: str) -> None:
    with pytest.raises(Failure, match="is no port"):
        split_address(text)


def test_ports() -> None:
    assert port("993") == 993
    with pytest.raises(argparse.ArgumentTypeError):
        port("²")


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "x", ""])
def test_times_are_positive(text: str) -> None:
    assert seconds("2.5") == 2.5
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


def test_fingerprints() -> None:
    digits = "ab" * 32
    assert fingerprint(digits) == fingerprint(":".join(["AB"] * 32)) == digits
    for wrong in ("ab", "zz" * 32):
        with pytest.raises(argparse.ArgumentTypeError):
            fingerprint(wrong)


def test_counts() -> None:
    assert (count("1"), count("100000")) == (1, 100000)
    for text in ("0", "-1", "x", "100001", "1.5", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 100000"):
            count(text)
