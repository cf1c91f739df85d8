"""``tagged_commands``: the tags of commands in progress, as ``imaplib``'s dict."""

from __future__ import annotations

from collections.abc import (
    ItemsView,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)

from .._hints import Any
from .port import Port
from .sending import Sending
from .tags import Completion, Tags


class _Listed(bytes):
    """A tag, from a list of them: its item can be had later, completed or not.

    ``dict(mapping)`` asks for the keys, and then for the item of each.
    """

    completion: Completion

    @classmethod
    def of(cls, tag: bytes, completion: Completion) -> _Listed:
        listed = cls(tag)
        listed.completion = completion
        return listed


class TaggedCommands(MutableMapping[bytes, Any]):
    """By tag, None, or ``(typ, [text])`` once the tagged response of a command has been pulled.

    A command that is sent by hand stays until it is removed, by ``_command_complete`` or by the
    user. Commands of other threads come and go meanwhile.
    """

    def __init__(self, port: Port, tags: Tags, sending: Sending) -> None:
        self._port = port
        self._tags = tags
        self._sending = sending

    def __getitem__(self, tag: bytes) -> Completion:
        try:
            return self._tags.completions[tag]
        except KeyError:
            if self._port.is_in_progress(tag):
                return None
            if isinstance(tag, _Listed):
                return tag.completion
            raise

    def __setitem__(self, tag: bytes, completion: Completion) -> None:
        self._tags.note(tag, completion)
        if completion is None:
            self._sending.reserve(tag)

    def __delitem__(self, tag: bytes) -> None:
        self._sending.forget(tag)

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags.completions or self._port.is_in_progress(tag)

    def pop(self, tag: bytes, *default: Any) -> Any:
        """Remove a command that was sent by hand, as ``dict.pop`` does; the others stay."""
        completion = self._tags.completions.get(tag)
        try:
            del self[tag]
        except KeyError:
            if not default:
                raise
            return default[0]
        return completion

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.copy())

    def __repr__(self) -> str:
        return repr(self.copy())

    def copy(self) -> dict[bytes, Completion]:
        """All of it, as it is now."""
        return {**dict.fromkeys(self._port.tags_in_progress()), **self._tags.completions}

    def keys(self) -> KeysView[bytes]:
        """The tags; each of these has its item for as long as it is kept."""
        return {_Listed.of(*item): None for item in self.copy().items()}.keys()

    def items(self) -> ItemsView[bytes, Completion]:
        """Tags and completions."""
        return self.copy().items()

    def values(self) -> ValuesView[Completion]:
        """The completions."""
        return self.copy().values()

    def replace(self, content: Mapping[bytes, Completion]) -> None:
        """Keep *content*, as if it were assigned, in the place of what was sent by hand."""
        # A copy, as it may be what is replaced.
        content = dict(content.items())
        for tag in [*self._tags.completions]:
            if tag not in content:
                self.pop(tag, None)
        for tag, completion in content.items():
            if tag in self._tags.completions or not self._port.is_in_progress(tag):
                self[tag] = completion
