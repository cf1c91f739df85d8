"""The outcome of a command: one, for one waiter or one callback."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

from imaplib2._errors import OSErrorAbort, TimeoutAbort, abort, error, readonly
from imaplib2._threads.pending import Pending

OK: tuple[str, list[Any]] = ("OK", [b"done"])


def as_it_is(typ: str, data: list[Any]) -> Any:
    return typ, data


def called_back(outcome: Any, finish: Any = as_it_is) -> Any:
    """What a callback gets for *outcome*."""
    got: list[Any] = []
    pending = Pending(finish, got.append, "argument")
    pending.set(outcome)
    pending.call_back()
    (argument,) = got
    return argument


def in_background(target: Any) -> threading.Thread:
    thread = threading.Thread(target=target)
    thread.start()
    return thread


def test_there_is_no_outcome_at_first() -> None:
    assert not Pending(as_it_is).done


def test_the_waiter_gets_the_result() -> None:
    pending = Pending(as_it_is)
    pending.set(OK)
    assert pending.done
    assert pending.wait() == OK


def test_the_waiter_gets_what_finish_makes_of_the_result() -> None:
    pending = Pending(lambda typ, data: (typ.lower(), data[0]))
    pending.set(OK)
    assert pending.wait() == ("ok", b"done")


def test_the_waiter_gets_the_exception_of_finish() -> None:
    def finish(typ: str, data: list[Any]) -> Any:
        raise error(f"{typ} {data}")

    pending = Pending(finish)
    pending.set(OK)
    with pytest.raises(error, match="OK"):
        pending.wait()


def test_the_waiter_gets_the_error_itself() -> None:
    problem = abort("gone")
    pending = Pending(as_it_is)
    pending.set(problem)
    with pytest.raises(abort) as got:
        pending.wait()
    assert got.value is problem


def test_the_waiter_is_woken() -> None:
    pending = Pending(as_it_is)
    results: list[Any] = []
    thread = in_background(lambda: results.append(pending.wait()))
    pending.set(OK)
    thread.join()
    assert results == [OK]


@pytest.mark.parametrize("later", [("NO", [b"x"]), abort("gone")])
def test_only_the_first_outcome_counts(later: Any) -> None:
    pending = Pending(as_it_is)
    pending.set(OK)
    pending.set(later)
    assert pending.wait() == OK


def test_an_error_that_was_first_stays() -> None:
    pending = Pending(as_it_is)
    pending.set(abort("gone"))
    pending.set(OK)
    with pytest.raises(abort, match="gone"):
        pending.wait()


@pytest.mark.parametrize("outcome", [OK, abort("gone")])
def test_a_replacement_is_the_outcome_whatever_comes(outcome: Any) -> None:
    pending = Pending(as_it_is)
    pending.replace(error("mine"))
    assert not pending.done
    pending.set(outcome)
    with pytest.raises(error, match="mine"):
        pending.wait()


def test_a_replacement_behind_the_outcome_changes_nothing() -> None:
    pending = Pending(as_it_is)
    pending.set(OK)
    pending.replace(error("late"))
    assert pending.wait() == OK


def test_check_raises_an_error_that_can_still_be_received() -> None:
    pending = Pending(as_it_is)
    pending.check()
    pending.set(TimeoutAbort("timed out"))
    with pytest.raises(TimeoutError, match="timed out"):
        pending.check()
    with pytest.raises(TimeoutError, match="timed out"):
        pending.wait()


def test_check_says_nothing_of_a_result() -> None:
    pending = Pending(as_it_is)
    pending.set(OK)
    pending.check()
    assert pending.wait() == OK


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (error("mine"), error),
        (abort("mine"), abort),
        (readonly("mine"), readonly),
        (TimeoutAbort("mine"), TimeoutAbort),
        (OSErrorAbort("mine", 104), OSErrorAbort),
        (RuntimeError("mine"), error),
    ],
)
def test_an_error_can_be_received_again(problem: Exception, kind: type[Exception]) -> None:
    pending = Pending(as_it_is)
    pending.set(problem)
    with pytest.raises(type(problem)):
        pending.wait()
    for receive in (pending.wait, pending.check, pending.wait):
        with pytest.raises(kind, match="mine") as got:
            receive()
        assert type(got.value) is kind


def test_a_result_can_be_waited_for_again() -> None:
    pending = Pending(as_it_is)
    pending.set(OK)
    assert pending.wait() == pending.wait() == OK


def test_a_raised_error_is_freed_with_its_frames() -> None:
    class Witness:
        pass

    def receive() -> weakref.ref[Witness]:
        witness = Witness()
        pending = Pending(as_it_is)
        pending.set(abort("gone"))
        with pytest.raises(abort):
            pending.wait()
        return weakref.ref(witness)

    gc.disable()
    try:
        assert receive()() is None
    finally:
        gc.enable()


# -- Jobs ----------------------------------------------------------------------------------------


def test_jobs_run_in_the_waiting_thread_in_order_and_before_the_outcome() -> None:
    pending = Pending(as_it_is)
    ran: list[tuple[str, threading.Thread]] = []
    for name in ("first", "second"):
        pending.hand_over(lambda name=name: ran.append((name, threading.current_thread())))  # type: ignore[misc]
    assert ran == []
    pending.set(OK)
    assert pending.wait() == OK
    here = threading.current_thread()
    assert ran == [("first", here), ("second", here)]


def test_a_job_wakes_the_waiter_without_an_outcome() -> None:
    pending = Pending(as_it_is)
    ran = threading.Event()
    thread = in_background(pending.wait)
    pending.hand_over(ran.set)
    assert ran.wait(10)
    assert thread.is_alive()
    pending.set(OK)
    thread.join()


def test_a_job_may_hand_over_another_and_set_the_outcome() -> None:
    pending = Pending(as_it_is)
    pending.hand_over(lambda: pending.hand_over(lambda: pending.set(OK)))
    assert pending.wait() == OK


def test_an_exception_of_a_job_reaches_the_waiter() -> None:
    def job() -> None:
        raise KeyError("mine")

    pending = Pending(as_it_is)
    pending.hand_over(job)
    with pytest.raises(KeyError, match="mine"):
        pending.wait()


def test_many_jobs_from_another_thread_all_run() -> None:
    pending = Pending(as_it_is)
    ran: list[int] = []

    def hand_over() -> None:
        for number in range(1000):
            pending.hand_over(lambda number=number: ran.append(number))  # type: ignore[misc]
        pending.set(OK)

    thread = in_background(hand_over)
    assert pending.wait() == OK
    thread.join()
    assert ran == [*range(1000)]


# -- Observers -----------------------------------------------------------------------------------


def test_the_observer_is_told_once_that_it_is_done() -> None:
    pending = Pending(as_it_is)
    told: list[tuple[str, bool]] = []
    pending.observer = lambda what: told.append((what, pending.done))
    pending.set(OK)
    pending.set(abort("gone"))
    assert told == [("done", True)]


# -- Callbacks -----------------------------------------------------------------------------------


def test_a_callback_gets_the_result_its_argument_and_no_error() -> None:
    assert called_back(OK) == (OK, "argument", None)


def test_a_callback_gets_what_finish_makes_of_the_result() -> None:
    assert called_back(OK, lambda typ, data: (typ, data[0])) == (("OK", b"done"), "argument", None)


@pytest.mark.parametrize(
    ("problem", "kind", "text"),
    [
        (error("refused"), error, "refused"),
        (abort("gone"), abort, "gone"),
        (readonly("read-only"), readonly, "read-only"),
        (TimeoutAbort("timed out"), abort, "timed out"),
        (OSErrorAbort("reset", 104), abort, "reset"),
        (KeyError("mine"), KeyError, "'mine'"),
    ],
)
def test_a_callback_gets_the_class_and_the_text_of_an_error(
    problem: Exception, kind: type[Exception], text: str
) -> None:
    assert called_back(problem) == (None, "argument", (kind, text))


def test_a_callback_gets_the_error_of_finish() -> None:
    def finish(typ: str, data: list[Any]) -> Any:
        raise error("refused")

    assert called_back(OK, finish) == (None, "argument", (error, "refused"))


def test_an_exception_of_a_callback_is_its_callers_business() -> None:
    def callback(argument: Any) -> None:
        raise KeyError("mine")

    pending = Pending(as_it_is, callback)
    pending.set(OK)
    with pytest.raises(KeyError, match="mine"):
        pending.call_back()


def test_setting_the_outcome_does_not_call_back() -> None:
    got: list[Any] = []
    pending = Pending(as_it_is, got.append)
    pending.set(OK)
    assert got == []


# -- What exceptions know ------------------------------------------------------------------------

ANSWER = {"command": "LOGIN", "tag": b"A1", "type": "NO", "code": "LIMIT", "text": "busy"}


def refusing(typ: str, data: list[Any]) -> Any:
    raise error("busy")


def test_what_finish_raises_knows_of_the_answer() -> None:
    pending = Pending(refusing)
    pending.answer = dict(ANSWER)
    pending.set(("NO", [b"[LIMIT] busy"]))
    for _ in range(2):
        with pytest.raises(error) as raised:
            pending.wait()
        assert vars(raised.value) == ANSWER


def test_without_an_answer_it_knows_nothing() -> None:
    pending = Pending(refusing)
    pending.set(("NO", [b"busy"]))
    with pytest.raises(error) as raised:
        pending.wait()
    assert vars(raised.value) == {}


@pytest.mark.parametrize("problem", [error("mine"), ValueError("mine")])
def test_a_replacement_knows_of_the_answer_if_it_is_ours(problem: Exception) -> None:
    pending = Pending()
    pending.answer = dict(ANSWER)
    pending.replace(problem)
    pending.set(("NO", [b"[LIMIT] busy"]))
    with pytest.raises(type(problem)):
        pending.wait()
    assert vars(problem) == (ANSWER if isinstance(problem, error) else {})


@pytest.mark.parametrize("problem", [TimeoutAbort("mine"), error("mine"), ValueError("mine")])
def test_a_callback_gets_the_exception_by_its_text(problem: Exception) -> None:
    _, _, (kind, text) = called_back(problem)
    assert isinstance(problem, kind)
    assert text == "mine"
    assert text.error is problem
    assert problem.__traceback__ is None


def test_the_exception_of_a_callback_keeps_nothing_alive() -> None:
    class Owner:
        def finish(self, typ: str, data: list[Any]) -> Any:
            raise error("x")

    owner = Owner()
    gone = weakref.ref(owner)
    gc.disable()
    try:
        argument = called_back(("NO", []), owner.finish)
        del owner
        assert gone() is None
        assert str(argument[2][1].error) == "x"
    finally:
        gc.enable()


def test_a_callback_that_may_be_repeated_is_called_until_it_does_not_raise() -> None:
    called: list[Any] = []

    def callback(outcome: Any) -> None:
        called.append(outcome)
        if len(called) < 3:
            raise MemoryError

    def finish(typ: str, data: list[Any]) -> Any:
        finished.append(typ)
        return typ, data

    finished: list[str] = []
    callback.may_repeat = True  # type: ignore[attr-defined]
    pending = Pending(finish, callback)
    pending.set(("OK", []))
    for _ in range(2):
        with pytest.raises(MemoryError):
            pending.call_back()
        assert not pending.is_called
    pending.call_back()
    pending.call_back()
    assert pending.is_called
    assert called == [(("OK", []), None, None)] * 3
    assert finished == ["OK"]
