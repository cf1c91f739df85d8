"""What ends a command."""

from __future__ import annotations

from imaplib2._cli import failures


def test_help_tells_each_status() -> None:
    told = {int(line.split()[0]) for line in failures.EXIT_STATUSES.splitlines()[1:]}
    statuses = {value for name, value in vars(failures).items() if name.isupper()}
    assert told == {status for status in statuses if isinstance(status, int)}


def test_a_failure_says_what_is_wrong_and_what_to_do() -> None:
    failure = failures.Failure("a", "b", failures.USAGE)
    assert (str(failure), failure.text, failure.advice, failure.status) == ("a", "a", "b", 2)
    assert failures.Failure("a").status == failures.PROBLEM
