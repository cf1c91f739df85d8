"""The demonstration: what is shown of the library, and how."""

from __future__ import annotations

from ..._clock import Clock
from ..._hints import TYPE_CHECKING, Any
from ..console import Console
from ..text import cells, counted, padded, shortened

if TYPE_CHECKING:
    from .race import Taken
    from .servers import Running

#: A program for imaplib: what it does first, and what is shown of its answers.
_IMPORT = "import imaplib2 as imaplib"
_BEGINNING = ("M = imaplib.IMAP4(host, port)", "M.login(user, password)")
_ASKED = (
    'M.select("INBOX", readonly=True)',
    'M.search(None, "FROM", "Ada")',
    'M.fetch("1", "(FLAGS RFC822.SIZE)")',
)
_LOOP = ("for n in numbers:", "    M.fetch(n, ITEMS)")
_AT_ONCE = ("for n in numbers:", "    M.fetch(n, ITEMS, callback=done)")
_IDLE = ("while True:", "    M.idle()", "    show_what_is_new(M)")
#: Messages that arrive.
_LETTERS = 3


def show(server: Running, round_trip: float, console: Console) -> None:
    """Show all of it, live."""
    from .race import slow_link

    stage = Stage(console)
    stage.title(server)
    swapped_import(server, stage)
    with slow_link(server, round_trip) as far:
        concurrent_fetches(far, round_trip, stage)
        idle_loop(server, far, round_trip, stage)
    what_next(stage)


class Stage:
    """How things look."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._number = 0
        self._indent = "  " if console.is_narrow else "    "

    def title(self, server: Running) -> None:
        """Which version on which server."""
        import imaplib2

        names = {"pymap": "pymap", "dovecot": "Dovecot"}
        version = f"imaplib2 {imaplib2.__version__}"
        self.text(f"{version} at work, on an IMAP server that runs here ({names[server.name]})", "")

    def section(self, title: str) -> None:
        """Begin a part of the demonstration."""
        self._number += 1
        self.console.line()
        for line in self.console.wrapped(f"{self._number}. {title}", hanging="   "):
            self.console.line((line, "heading"))
        self.console.line()

    def code(self, *lines: str) -> None:
        """Lines of a program."""
        for line in lines:
            self.console.line((f"{self._indent}{line}".rstrip(), "name"))

    def answer(self, value: Any) -> None:
        """What the line above has returned."""
        text = f"{self._indent}  {self.console.sign('→')} {value!r}"
        sign = self.console.sign("…")
        self.console.line((shortened(text, self.console.width - 1, sign), "dim"))

    def text(self, text: str, style: str = "", indent: str = "") -> None:
        """A sentence."""
        for line in self.console.wrapped(text, indent=indent):
            self.console.line((line, style))

    def result(self, text: str) -> None:
        """What was to be shown."""
        first, *rest = self.console.wrapped(text, indent=self._indent + "  ")
        sign = self._indent + self.console.sign("✓")
        self.console.line((sign + first[len(sign) :], "good"))
        for line in rest:
            self.console.line((line, "good"))

    def bar(self, label: str, seconds: float, longest: float) -> None:
        """How long something took, beside the *longest*."""
        time = padded(f"{seconds:.2f} s", 8, right=True)
        left = 0 if self.console.is_narrow else 26
        head = self._indent + padded(label, left)
        room = self.console.width - 1 - len(self._indent) - left - cells(time) - 2
        halves = max(1, round(2 * room * seconds / longest))
        sign = self.console.sign
        shown = sign("█") * (halves // 2) + sign("▌") * (halves % 2)
        style = "warn" if seconds == longest else "good"
        if self.console.is_narrow:
            self.console.line(head)
            head = self._indent
        self.console.line(head, (time, "strong"), "  ", (shown, style))


# -- The swapped import ----------------------------------------------------------------------------


def swapped_import(server: Running, stage: Stage) -> None:
    """Run a program by both libraries."""
    import imaplib

    import imaplib2

    stage.section("A program written for imaplib; all that changes is its import")
    stage.code(_IMPORT, "", *_BEGINNING)
    ours = answers_of(imaplib2, server, stage)
    console = stage.console
    console.line()
    if ours == answers_of(imaplib, server):
        stage.result("Python's own imaplib gives the same answers.")
    else:
        console.warn("Python's own imaplib gives other answers.", "Please report it.")


def answers_of(module: Any, server: Running, stage: Stage | None = None) -> list[Any]:
    """What the program is answered when *module* is its imaplib; shown on *stage*, line by line."""
    scope = {
        "imaplib": module, "host": "127.0.0.1", "port": server.port,
        "user": server.user, "password": server.password,
    }  # fmt: skip
    answers = []
    for line in _BEGINNING:
        exec(line, scope)
    for line in _ASKED:
        answers.append(eval(line, scope))
        if stage is not None:
            stage.code(line)
            stage.answer(answers[-1])
    scope["M"].logout()
    return answers


# -- Many commands at once -------------------------------------------------------------------------


def concurrent_fetches(far: Running, round_trip: float, stage: Stage) -> None:
    """Fetch each message by a command of its own: one after the other, and all at once."""
    import imaplib

    import imaplib2

    from . import race

    title = f"Many commands on a slow link: a round trip of {_milliseconds(round_trip)}"
    stage.section(title)
    numbers = _numbers(far)
    stage.code(f"ITEMS = {race.ITEMS!r}".replace("'", '"'), "", *_LOOP)
    loop = _taken(race.one_by_one, imaplib, far, numbers, stage.console)
    _bars(stage, loop, loop, "imaplib")
    stage.code(*_AT_ONCE)
    together = _taken(race.at_once, imaplib2, far, numbers, stage.console)
    _bars(stage, together, loop, "imaplib2, with callbacks")
    ratio = loop.seconds / together.seconds
    times = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
    if loop.answers == together.answers:
        stage.result(f"The same {counted(len(numbers), 'answer')}, {times} times as fast.")
    else:
        stage.console.warn("The answers are not the same.", "Please report it.")


def _bars(stage: Stage, taken: Taken, loop: Taken, label: str) -> None:
    stage.console.line()
    stage.bar(label, taken.seconds, max(loop.seconds, taken.seconds))
    stage.console.line()


def _numbers(far: Running) -> list[str]:
    import imaplib2

    with imaplib2.IMAP4("127.0.0.1", far.port) as M:
        M.login(far.user, far.password)
        _, (count,) = M.select("INBOX", readonly=True)
    return [str(number) for number in range(1, int(count or 0) + 1)]


def _taken(race: Any, module: Any, far: Running, numbers: list[str], console: Console) -> Taken:
    """How long a *race* by *module* takes; connecting and login don't count."""
    M = module.IMAP4("127.0.0.1", far.port)
    try:
        M.login(far.user, far.password)
        M.select("INBOX", readonly=True)
        with console.progress("fetching", len(numbers), unit="messages") as progress:
            taken: Taken = race(M, numbers, progress)
    finally:
        M.logout()
    return taken


# -- An idle loop ----------------------------------------------------------------------------------


def idle_loop(server: Running, far: Running, round_trip: float, stage: Stage) -> None:
    """Have messages arrive, and show how soon a loop on the slow link knows."""
    import imaplib2

    from . import race, samples

    stage.section("An idle loop on the same link; messages arrive by another connection")
    stage.code(*_IDLE)
    stage.console.line()
    letters = [samples.news(number, Clock.wall()) for number in range(_LETTERS)]
    with (
        imaplib2.IMAP4("127.0.0.1", far.port) as M,
        imaplib2.IMAP4("127.0.0.1", server.port) as near,
    ):
        M.login(far.user, far.password)
        near.login(server.user, server.password)
        found = []
        for seconds, subject in race.idle_loop(M, race.Post(near), letters):
            found.append(seconds)
            _arrived(stage, seconds, subject)
    worst, link = _milliseconds(max(found)), _milliseconds(1.5 * round_trip)
    stage.console.line()
    # The news comes, then DONE goes, and its answer comes.
    parts = f"one and a half round trips, {link}, are part of that"
    if server.name == "dovecot":
        parts += ", and the half second for which Dovecot gathers news before it tells them"
    stage.result(f"idle() returned within {worst} of a message being sent: {parts}.")


def _arrived(stage: Stage, seconds: float, subject: str) -> None:
    time = padded(_milliseconds(seconds), 9, right=True)
    indent = "" if stage.console.is_narrow else "    "
    stage.console.line(indent, (time, "strong"), f"  {subject}")


def _milliseconds(seconds: float) -> str:
    milliseconds = 1000 * seconds
    return f"{milliseconds:.3g} ms" if milliseconds < 999.5 else f"{milliseconds:.0f} ms"


# -- What next -------------------------------------------------------------------------------------


def what_next(stage: Stage) -> None:
    """What to type now."""
    from .keeping import program

    name = program()
    stage.console.line()
    stage.text("What to type next", "heading")
    stage.console.line()
    offers = {
        f"{name} demo --keep": "the same mailbox, to try the commands on",
        f"{name} check HOST": "what works with your own server",
        f"{name} --help": "all commands",
    }
    left = max(map(cells, offers)) + 2
    has_room = left + max(map(cells, offers.values())) + 4 < stage.console.width
    for command, what in offers.items():
        if has_room:
            stage.console.line((f"    {padded(command, left)}", "strong"), what)
        else:
            stage.console.line((f"  {command}", "strong"))
            stage.text(what, indent="    ")
