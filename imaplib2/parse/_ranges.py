"""Sets of numbers as the bounds of ranges: the first number of each, and the one behind its last.

All are in one array, in order, and no two of them are equal, so that a number is in the set when an
odd count of bounds isn't beyond it. All is near-linear, and most of the work is done by loops in C:
to sort what is in two orders is to merge it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain, pairwise

from .._errors import InvalidArgument
from .._hints import TYPE_CHECKING, Any, TypeAlias
from .._protocol.message_set import members_text

if TYPE_CHECKING:
    Bounds: TypeAlias = array[int]
else:
    # Before Python 3.12, it doesn't take what is in it.
    Bounds = array

#: The largest number that may be in a set: number64 of RFC 9051, section 9, less one.
LARGEST = 2**63 - 2
#: Where ``*:*`` begins: whatever is in use, it is the highest number only.
HIGHEST_ONLY = LARGEST + 1
_OUT_OF_BOUNDS = "not a message set: a number in it is less than 1, or more than 2**63 - 2"
_ALPHABET = b"0123456789:,*"


def ranges_in(text: str) -> list[range]:
    """The ranges of a sequence set without ``*``, in the order of the text.

    Raises ValueError for anything else, and for numbers that are out of bounds.
    """
    if text.encode("ascii", "replace").translate(None, _ALPHABET):
        raise ValueError(text)
    found = []
    for part in text.split(","):
        first, colon, last = part.partition(":")
        start = int(first)
        end = int(last) if colon else start
        found.append(range(start, end + 1) if start <= end else range(end, start + 1))
    if not all(part.start >= 1 and part.stop <= LARGEST + 1 for part in found):
        raise ValueError(text)
    return found


def bounds_of(value: Any) -> tuple[Bounds, int | None]:
    """Of whatever a `SequenceSet` can be made of; and where the range to ``*`` begins, if any."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int):
        value = [value]
    if isinstance(value, range) and value and value.step in (1, -1):
        ends = of_numbers(sorted((value[0], value[-1])))
        return array("q", (ends[0], ends[-1])), None
    if isinstance(value, Iterable):
        try:
            return of_numbers(sorted(array("q", value))), None
        except OverflowError:
            raise InvalidArgument(_OUT_OF_BOUNDS) from None
        except TypeError:
            # Something else than numbers is in it.
            pass
    return _of_text(members_text(value))


def _of_text(text: str) -> tuple[Bounds, int | None]:
    try:
        if not text:
            return array("q"), None
        digits = text.replace(",", "")
        if digits.isascii() and digits.isdigit():
            return of_numbers(sorted(map(int, text.split(",")))), None
        parts = text.split(",")
        known = [part for part in parts if "*" not in part]
        opening = [part for part in parts if "*" in part]
        ranges = ranges_in(",".join(known)) if known else []
        return _of_ranges(ranges), min(map(_start_of, opening), default=None)
    except ValueError:
        shown = " (what it stands for, only the server knows)" if text == "$" else ""
        raise InvalidArgument(f"not a message set: {text[:100]!r}{shown}") from None


def _start_of(part: str) -> int:
    """The number that stands in *part* beside ``*``."""
    known = [number for number in part.split(":", 1) if number != "*"]
    return ranges_in(":".join(known))[0].start if known else HIGHEST_ONLY


def of_numbers(numbers: list[int]) -> Bounds:
    """Of *numbers* in order, in which each may be more than once."""
    if not numbers:
        return array("q")
    if numbers[0] < 1 or numbers[-1] > LARGEST:
        raise InvalidArgument(_OUT_OF_BOUNDS)
    gaps = ((one + 1, other) for one, other in pairwise(numbers) if other - one > 1)
    return array("q", chain(numbers[:1], chain.from_iterable(gaps), (numbers[-1] + 1,)))


def _of_ranges(ranges: list[range]) -> Bounds:
    """Of ranges in any order, which may overlap."""
    return _joined(sorted(one.start for one in ranges), sorted(one.stop for one in ranges))


def union(left: Bounds, right: Bounds) -> Bounds:
    if not left or not right:
        return left or right
    return _joined(sorted(left[::2] + right[::2]), sorted(left[1::2] + right[1::2]))


def _joined(firsts: list[int], ends: list[int]) -> Bounds:
    """Of all ranges together that have these first numbers, and these ends, both in order.

    Wherever as many ranges have ended as have begun, there is a gap until the next one begins.
    """
    gaps = ((end, first) for end, first in zip(ends, firsts[1:], strict=False) if end < first)
    return array("q", chain(firsts[:1], chain.from_iterable(gaps), ends[-1:]))


def common(left: Bounds, right: Bounds) -> Bounds:
    """What is in both.

    Of two sets, no more than two ranges cover a number: the second of them begins before the first
    one ends.
    """
    firsts, ends = sorted(left[::2] + right[::2]), sorted(left[1::2] + right[1::2])
    both = ((first, end) for end, first in zip(ends, firsts[1:], strict=False) if first < end)
    return array("q", chain.from_iterable(both))


def differing(left: Bounds, right: Bounds) -> Bounds:
    """What is in one of them only: it changes where one of them does, and not the other."""
    return array("q", sorted({*left} ^ {*right}))


def absorbed(bounds: Bounds, start: int) -> tuple[Bounds, int]:
    """The *bounds* of what isn't in the range from *start* to the highest number, and its start.

    Above the highest number there is none, so that what is above *start* is in that range, if it
    is anything; and what touches it makes it begin earlier.
    """
    position = bisect_left(bounds, start)
    if position % 2:
        return bounds[: position - 1], bounds[position - 1]
    return bounds[:position], start
