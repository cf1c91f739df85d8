"""Make of typeshed's imaplib.pyi a program that uses all that the stub allows.

For each function there is a call by place, one by name, and one that leaves out what it can; for
each attribute a read, and an assignment if it isn't a property; and for each method that is there
to be replaced, a subclass that does so. Calls and reads must give exactly the stub's type. A wider
type, or Any, will not do: strict programs may not return what is in it, and the ``type: ignore``
comments that the stub makes necessary would become errors themselves.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

#: Methods that subclasses replace; the others are commands.
HOOKS = {"open", "print_log", "read", "send", "shutdown", "socket", "ssl"}

_CLASSES = ("IMAP4", "IMAP4_SSL", "IMAP4_stream")
_HEAD = (
    "from __future__ import annotations",
    "import imaplib",
    f"from imaplib import {', '.join(_CLASSES)}",
    "from typing_extensions import assert_type",
)


class Checks:
    """The program, one check after the other."""

    def __init__(self, stub: ast.Module, version: tuple[int, int]) -> None:
        self._sys = SimpleNamespace(version_info=version, platform=sys.platform)
        self._lines = list(_HEAD)
        #: By line number, what is checked: ``IMAP4.copy(message_set, new_mailbox)``.
        self.subjects: dict[int, str] = {}
        body = list(self._chosen(stub.body))
        # What the hints of the stub are made of.
        imports = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
        self._lines += map(ast.unparse, [*imports, *filter(_is_alias, body)])
        self._add_module(body)

    @property
    def program(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _chosen(self, body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        """The statements that are for the version of Python."""
        for node in body:
            if isinstance(node, ast.If):
                applies = eval(ast.unparse(node.test), {"sys": self._sys})
                yield from self._chosen(node.body if applies else node.orelse)
            else:
                yield node

    def _add_module(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name in _CLASSES:
                self._add_class(node)
            elif isinstance(node, ast.FunctionDef):
                self._add_calls(node.name, f"imaplib.{node.name}", "", node, 0)
            elif isinstance(node, ast.AnnAssign) and not _is_alias(node):
                name = ast.unparse(node.target)
                self._add(name, "", f"assert_type(imaplib.{name}, {ast.unparse(node.annotation)})")

    def _add_class(self, cls: ast.ClassDef) -> None:
        for node in self._chosen(cls.body):
            if isinstance(node, ast.AnnAssign):
                name, hint = ast.unparse(node.target), ast.unparse(node.annotation)
                self._add_attribute(cls.name, name, hint)
                value = f"self: {cls.name}, value: {hint}"
                self._add(f"{cls.name}.{name} = value", value, f"self.{name} = value")
            elif isinstance(node, ast.FunctionDef) and node.returns is not None:
                self._add_method(cls.name, node, ast.unparse(node.returns))

    def _add_method(self, cls: str, node: ast.FunctionDef, result: str) -> None:
        name = node.name
        if name == "__init__":
            self._add_calls(cls, cls, "", node, 1, cls)
        elif any(ast.unparse(decorator) == "property" for decorator in node.decorator_list):
            self._add_attribute(cls, name, result)
        elif not name.startswith("_") and name != "idle":  # which is another one with us
            self._add_calls(f"{cls}.{name}", f"self.{name}", f"self: {cls}, ", node, 1)
        if name in HOOKS:
            arguments = ast.unparse(node.args)
            definition = f"    def {name}({arguments}) -> {result}: raise NotImplementedError"
            self._add_lines(
                f"{cls}.{name}, replaced", f"class C{len(self._lines)}({cls}):", definition
            )

    def _add_attribute(self, cls: str, name: str, hint: str) -> None:
        self._add(f"{cls}.{name}", f"self: {cls}", f"assert_type(self.{name}, {hint})")

    def _add_calls(
        self,
        subject: str,
        function: str,
        receiver: str,
        node: ast.FunctionDef,
        skipped: int,
        result: str | None = None,
    ) -> None:
        """Check a function, the first *skipped* parameters of which are not the caller's."""
        assert node.returns is not None
        result = result or ast.unparse(node.returns)
        parameters = receiver + ast.unparse(_without_defaults(node.args, skipped))
        for way in _ways(node.args, skipped):
            call = f"{function}({way})"
            body = call if result == "None" else f"assert_type({call}, {result})"
            self._add(f"{subject}({way})", parameters, body)

    def _add(self, subject: str, parameters: str, body: str) -> None:
        self._add_lines(subject, f"def f{len(self._lines)}({parameters}) -> None: {body}")

    def _add_lines(self, subject: str, *lines: str) -> None:
        for line in lines:
            self._lines.append(line)
            self.subjects[len(self._lines)] = subject


def _is_alias(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"


def _without_defaults(arguments: ast.arguments, skipped: int) -> ast.arguments:
    return ast.arguments(
        posonlyargs=[],
        args=[*arguments.posonlyargs, *arguments.args][skipped:],
        vararg=arguments.vararg,
        kwonlyargs=arguments.kwonlyargs,
        kw_defaults=[None] * len(arguments.kwonlyargs),
        kwarg=arguments.kwarg,
        defaults=[],
    )


def _ways(arguments: ast.arguments, skipped: int) -> list[str]:
    """To call a function: by place, by name, and with as little as possible."""
    only_by_place = [each.arg for each in arguments.posonlyargs][skipped:]
    either = [each.arg for each in arguments.args]
    either = either[max(0, skipped - len(arguments.posonlyargs)) :]
    rest = [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    named = [f"{each.arg}={each.arg}" for each in arguments.kwonlyargs]
    places = only_by_place + either
    ways = [
        places + rest + named,
        only_by_place + [f"{name}={name}" for name in either] + named,
        places[: len(places) - len(arguments.defaults)],
    ]
    return list(dict.fromkeys(map(", ".join, ways)))
