"""What command lines may hold, from argparse's parser, as scripts for the completion of shells.

They hold nothing that isn't from there, so that a new option is completed as soon as it is there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from .._hints import NamedTuple

# -- What there is to complete ---------------------------------------------------------------------


class Option(NamedTuple):
    """An option of a command, or with no *names*, what stands by itself."""

    names: tuple[str, ...]
    help: str
    #: What comes behind it: ``""`` for nothing, ``"file"``, ``"directory"``, ``"account"``,
    #: ``"words"`` or ``"other"``.
    kind: str
    words: tuple[str, ...] = ()
    #: There may be several.
    repeats: bool = False


class Command(NamedTuple):
    """A command, or with ``""`` for *name*, what stands before it."""

    name: str
    help: str
    options: tuple[Option, ...]


def commands_of(parser: argparse.ArgumentParser) -> list[Command]:
    """What *parser* takes: before any command, and behind each."""
    found = [Command("", "", tuple(_options(parser)))]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: _help(one) for one in action._choices_actions}
            for name, sub in action.choices.items():
                found.append(Command(name, helps.get(name, ""), tuple(_options(sub))))
    return found


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        words = tuple(map(str, action.choices or ()))
        repeats = action.nargs in ("*", "+")
        yield Option(tuple(action.option_strings), _help(action), _kind(action), words, repeats)


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _kind(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices:
        return "words"
    if action.dest == "host":
        return "account"
    return {"FILE": "file", "DIR": "directory", "PROGRAM": "file"}.get(str(action.metavar), "other")


def _named(command: Command) -> list[Option]:
    return [one for one in command.options if one.names]


# -- bash ------------------------------------------------------------------------------------------

_BASH_KINDS = {
    "file": 'compgen -f -- "$word"',
    "directory": 'compgen -d -- "$word"',
    "account": 'compgen -W "$(imaplib2 completion accounts 2>/dev/null)" -- "$word"',
    "other": ":",
}
_BASH_FILES = (_BASH_KINDS["file"], _BASH_KINDS["directory"])


def bash(commands: list[Command]) -> Iterator[str]:
    """The lines of a script for bash, 3.2 or newer."""
    first, *others = commands
    names = [one.name for one in others]
    yield from (
        "_imaplib2() {",
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
        # What stands between words, and between what is found.
        "    local command= IFS=$'\\n'",
        "    ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}",
        "    case $command,$before in",
    )
    for command in commands:
        for option in _named(command):
            if option.kind:
                patterns = "|".join(f"{command.name},{name}" for name in option.names)
                yield f"    {patterns}) {_bash_reply([_bash(option)])}; return ;;"
    yield "    esac"
    yield "    case $command in"
    for command in others:
        words = [name for option in _named(command) for name in option.names]
        yield f"    {command.name})"
        yield f"        if [[ $word == -* ]]; then {_bash_reply([_bash_words(words)])}"
        # Which of them it is depends on what stands before.
        unnamed = [_bash(option) for option in command.options if not option.names]
        yield f"        else {_bash_reply(unnamed)}; fi ;;"
    words = [*names, *(name for option in _named(first) for name in option.names)]
    yield f"    '') {_bash_reply([_bash_words(words)])} ;;"
    yield from ("    esac", "}", "complete -o bashdefault -F _imaplib2 imaplib2")


def _bash_reply(sources: list[str]) -> str:
    """Reply with what the *sources*, commands, write."""
    reply = f"COMPREPLY=($({'; '.join(dict.fromkeys(sources)) or ':'}))"
    # macOS has a bash that doesn't know this.
    has_files = any(source in sources for source in _BASH_FILES)
    return f"compopt -o filenames 2>/dev/null; {reply}" if has_files else reply


def _bash(option: Option) -> str:
    """The command that writes what may come behind *option*."""
    return _bash_words(option.words) if option.kind == "words" else _BASH_KINDS[option.kind]


def _bash_words(words: Sequence[str]) -> str:
    # Not in the f-string: before Python 3.12, none may hold a backslash.
    separated = "\\n".join(words)
    return f"compgen -W $'{separated}' -- \"$word\""


# -- zsh -------------------------------------------------------------------------------------------


def zsh(commands: list[Command]) -> Iterator[str]:
    """The lines of a script for zsh."""
    first, *others = commands
    yield from (
        "#compdef imaplib2",
        "_imaplib2_accounts() {",
        '    compadd -- ${(f)"$(imaplib2 completion accounts 2>/dev/null)"} || _hosts',
        "}",
        "_imaplib2() {",
        "    local line state",
        "    _arguments -C \\",
    )
    yield from (f"        {spec} \\" for option in first.options for spec in _zsh_specs(option))
    yield from ("        '1:command:->command' '*::argument:->argument'", "    case $state in")
    yield from ("    command)", "        local -a commands=(")
    yield from (f"            {_quoted(f'{one.name}:{one.help}')}" for one in others)
    yield from ("        )", "        _describe command commands ;;", "    argument)")
    yield "        case $line[1] in"
    for command in others:
        specs = [spec for option in command.options for spec in _zsh_specs(option)]
        yield f"        {command.name})"
        yield "            _arguments \\"
        yield from (f"                {spec} \\" for spec in specs)
        yield "                ;;"
    yield from ("        esac ;;", "    esac", "}", "compdef _imaplib2 imaplib2")


_ZSH_KINDS = {
    "file": "_files",
    "directory": "_files -/",
    "account": "_imaplib2_accounts",
    "other": " ",
}


def _zsh_specs(option: Option) -> Iterator[str]:
    """What ``_arguments`` is told of *option*."""
    behind = ""
    if option.kind:
        action = f"({' '.join(option.words)})" if option.words else _ZSH_KINDS[option.kind]
        behind = f":{_plain(option.names[0] if option.names else 'argument')}:{action}"
    if not option.names:
        yield _quoted(f"{'*' if option.repeats else ''}{behind}")
    for name in option.names:
        yield _quoted(f"{name}[{_plain(option.help)}]{behind}")


def _plain(text: str) -> str:
    """*text* without what means something to ``_arguments``."""
    return text.replace("[", "(").replace("]", ")").replace(":", " -").replace("\\", "")


def _quoted(text: str) -> str:
    """*text* for a shell, in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


# -- fish ------------------------------------------------------------------------------------------

_FISH_KINDS = {
    "file": " -r -F",
    "directory": " -x -a '(__fish_complete_directories)'",
    "account": " -x -a '(imaplib2 completion accounts 2>/dev/null)'",
    "other": " -x",
    "": "",
}


def fish(commands: list[Command]) -> Iterator[str]:
    """The lines of a script for fish."""
    yield "complete -c imaplib2 -f"
    for command in commands:
        where = f"__fish_seen_subcommand_from {command.name}"
        condition = f"-n '{where if command.name else '__fish_use_subcommand'}'"
        if command.name:
            text = _fish_quoted(command.help)
            yield f"complete -c imaplib2 -n __fish_use_subcommand -a {command.name} -d {text}"
        for option in command.options:
            if option.names or option.kind != "other":
                yield f"complete -c imaplib2 {condition}{_fish_option(option)}"


def _fish_option(option: Option) -> str:
    words = f" -x -a {_fish_quoted(' '.join(option.words))}"
    behind = words if option.kind == "words" else _FISH_KINDS[option.kind]
    if not option.names:
        return behind
    names = "".join(
        f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in option.names
    )
    return f"{names}{behind} -d {_fish_quoted(option.help)}"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SCRIPTS: dict[str, Callable[[list[Command]], Iterator[str]]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}
