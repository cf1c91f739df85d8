"""Patterns that are compiled when they are used.

There are some sixty. To compile all of them would take a fifth of the time of the library's import,
and most programs use but a few.
"""

from __future__ import annotations

import re

from .._hints import TYPE_CHECKING, Any, AnyStr


class LatePattern:
    """Stands for the pattern *source*, whose methods it has; use it by `pattern`.

    Each method that is asked for becomes an attribute, so that this costs nothing from then on.
    Threads that are the first ones at the same time set the same.
    """

    def __init__(self, source: Any, flags: int = 0) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name == "compiled":
            found = re.compile(self._source, self._flags)
        # Not what copy and pickle look for.
        elif name.startswith("_"):
            raise AttributeError(name)
        else:
            found = getattr(self.compiled, name)
        setattr(self, name, found)
        return found


def compiled(late: re.Pattern[AnyStr]) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives for the same as `pattern` has *late* for."""
    found: re.Pattern[AnyStr] = late.compiled  # type: ignore[attr-defined]
    return found


if TYPE_CHECKING:

    def pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """What ``re.compile`` gives, but compiled when one of its methods is first asked for."""

else:
    pattern = LatePattern
