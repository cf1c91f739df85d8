"""Public attributes that a subclass may set before ``__init__``, as its ``open`` looks at them."""

from __future__ import annotations

from collections.abc import Callable

from ._hints import Any


class Attributes:
    """Which attributes of a client hold what we have set, and not what a subclass has set.

    The client gives itself with each call: it owns this object.
    """

    def __init__(self) -> None:
        self._ours: dict[str, Any] = {}

    def set_unless_theirs(self, client: object, name: str, given: Any, default: Any) -> None:
        """Set an attribute to what was *given*; to *default*, unless a subclass has set it.

        What an earlier connection of the same object has left was not set by the subclass.
        """
        if given is None and hasattr(client, name) and not self._is_ours(client, name):
            return
        setattr(client, name, default if given is None else given)
        self.claim(client, name)

    def claim(self, client: object, *names: str) -> None:
        """Note that we have set these attributes: the next ``__init__`` replaces them."""
        self._ours.update({name: getattr(client, name) for name in names})

    def _is_ours(self, client: object, name: str) -> bool:
        return name in self._ours and getattr(client, name) is self._ours[name]


class Shown:
    """A property that may be set: an object that has its own attribute of that name has that.

    For names that are newer than the subclasses that use them for something else; nothing of ours
    may rely on one.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, client: object, owner: object = None) -> Any:
        return self if client is None else self._function(client)


def is_replaced(client: object, name: str, original: object) -> bool:
    """Whether a subclass, or an assignment to class or object, has replaced a method of ours."""
    return name in vars(client) or getattr(type(client), name) is not original
