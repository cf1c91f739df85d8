"""The process around a connection: it exits, forks, starts programs, is interrupted.

Programs run in a process of their own, against a server here; what they write to their standard
error fails the test, a warning or a traceback of a thread included.
"""

from __future__ import annotations

import contextlib
import gc
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    greet_authenticated,
    wait_over,
)
from ...server.inside import MUTEX, mutex, set_constant
from ...server.scripted import Peer, PeerClosedError, ScriptedServer
from ...soak.lengths import LIMIT, length

pytestmark = pytest.mark.timeout(LIMIT)

RUN_SECONDS = 20.0
"""How long a program may take that has nothing to do: Python has to start."""

CONNECT = """
import faulthandler, gc, os, signal, sys, threading, time, warnings
import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

host, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]

class Hooked(IMAP4):
    def read(self, size):
        return super().read(size)
    def send(self, data):
        super().send(data)

def connect(cls=IMAP4, **options):
    if ca:
        M = IMAP4_SSL(host, port, ca_certs=ca, **options)
    else:
        M = cls(host, port, **options)
    M.select()
    return M
"""


FEW_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
"""


def run(
    server: ScriptedServer,
    program: str,
    *,
    ca: object = "",
    options: tuple[str, ...] = (),
    few_descriptors: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program that has `connect`; it must end by itself."""
    code = (FEW_DESCRIPTORS if few_descriptors else "") + CONNECT + textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, *options, "-c", code, server.host, str(server.port), str(ca)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )


def check_clean(done: subprocess.CompletedProcess[str], output: str = "", status: int = 0) -> None:
    assert (done.stdout, done.stderr, done.returncode) == (output, "", status)


def serve_process(peer: Peer) -> None:
    """Answer everything but CREATE, which is left to wait, until the client leaves."""
    greet_authenticated(peer, b"IDLE COMPRESS=DEFLATE")
    peer.relax()
    while True:
        command = peer.command(limit=LIMIT)
        if command.name == "CREATE":
            continue
        if command.name == "IDLE":
            peer.line(b"+ idling")
            peer.expect(b"DONE")
        if command.name == "FETCH":
            number = command.words[0]
            peer.untagged(b"%s FETCH (BODY[] {%d}\r\n%s)" % (number, len(number), number))
        if command.name == "LOGOUT":
            peer.untagged(b"BYE so long")
        peer.ok(command)
        if command.name == "COMPRESS":
            peer.start_deflate()


# Exit

STATES = {
    "quiet": "M = connect()",
    "idling with a callback": "M = connect(); M.idle(callback=print)",
    "idling with an iterator": "M = connect(); idler = M.idle(duration=None).__enter__()",
    "a command in progress": "M = connect(); M.create('x', callback=lambda outcome: None)",
    "a thread waits": """
M = connect()
threading.Thread(target=M.create, args=['x'], daemon=True).start()
while not M.tagged_commands: time.sleep(0.001)
""",
    "futures": """
M = connect()
futures = [M.submit(M.create, 'x'), M.submit(M.idle)]
futures[0].add_done_callback(print)
""",
    "a thread waits for a future": """
M = connect()
threading.Thread(target=M.submit(M.create, 'x').result, daemon=True).start()
""",
    "a callback runs": """
M, running = connect(), threading.Event()
M.noop(callback=lambda outcome: (running.set(), time.sleep(1000)))
running.wait()
""",
    "a callback waits": """
M, running = connect(), threading.Event()
M.noop(callback=lambda outcome: (running.set(), M.create('x')))
running.wait()
""",
    "compressed": "M = connect(); M.enable_compression()",
    "a subclass": "M = connect(Hooked)",
    "in a cycle": "M = connect(); M.itself = M",
    "busy": """
M = connect()
def again(outcome):
    if not outcome[2]:
        M.fetch('1', '(BODY[])', callback=again)
for _ in range(20): M.fetch('1', '(BODY[])', callback=again)
""",
    "kept by a default argument": "def keep(M=connect()): pass",
    "debugging": "M = connect(debug=5, debug_file=open(os.devnull, 'w')); M.noop()",
}

EXITS = {
    "falls off the end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "sys.exit with a finally": ("try: sys.exit(3)\nfinally: M = None", 3),
    "os._exit": ("os._exit(3)", 3),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(1000)", -signal.SIGTERM),
}


@pytest.mark.parametrize("state", STATES)
def test_exit_without_logout(serve: Serve, state: str) -> None:
    """At once, without a word, and the server sees it."""
    server = serve(serve_process)
    with duration(0, RUN_SECONDS):
        check_clean(run(server, STATES[state]))
    server.join()


@pytest.mark.parametrize("way", EXITS)
def test_ways_to_exit(serve: Serve, way: str) -> None:
    program, status = EXITS[way]
    server = serve(serve_process)
    check_clean(run(server, f"M = connect(); M.noop()\n{program}"), status=status)
    server.join()


@pytest.mark.parametrize("state", ["quiet", "busy", "a command in progress"])
def test_exit_without_logout_over_tls(serve: Serve, tls: Contexts, state: str) -> None:
    server = serve(serve_process, tls=tls.server)
    check_clean(run(server, STATES[state], ca=tls.files.ca))
    server.join()


def test_exit_in_development_mode(serve: Serve) -> None:
    """Says what is forgotten, and nothing else."""
    server = serve(serve_process)
    done = run(server, "M = connect(); M.noop()", options=("-X", "dev"))
    assert (done.stdout, done.returncode) == ("", 0)
    warnings = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
    assert all("ResourceWarning: unclosed" in line for line in warnings), done.stderr
    server.join()


def test_exit_with_an_exception(serve: Serve) -> None:
    server = serve(serve_process)
    done = run(server, "M = connect()\nraise KeyError('mine')")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "KeyError: 'mine'"
    assert done.stderr.count("Traceback") == 1
    server.join()


def test_exit_with_an_atexit_that_logs_out(serve: Serve) -> None:
    server = serve(serve_process)
    program = "import atexit\nM = connect()\natexit.register(lambda: print(M.logout()))"
    check_clean(run(server, program), "('BYE', [b'so long'])\n")


def test_exit_with_an_atexit_that_logs_out_with_a_callback(serve: Serve) -> None:
    """Python 3.12 and later refuse to start a thread for it."""
    program = """
        import atexit
        M = connect()
        done = threading.Event()
        def leave():
            assert M.logout(callback=lambda outcome: (print(outcome), done.set())) == (None, None)
            assert done.wait(5)
        atexit.register(leave)
        """
    server = serve(serve_process)
    check_clean(run(server, program), "(('BYE', [b'so long']), None, None)\n")
    server.join()


def test_exit_with_an_atexit_that_submits_a_logout(serve: Serve) -> None:
    server = serve(serve_process)
    program = """
        import atexit
        M = connect()
        atexit.register(lambda: print(M.submit(M.logout).result(5)))
        """
    check_clean(run(server, program), "('BYE', [b'so long'])\n")
    server.join()


def test_exit_with_a_finalizer_that_logs_out(serve: Serve) -> None:
    program = """
        class Own(IMAP4):
            def __del__(self):
                self.logout()
        M = Own(host, port)
        M.noop()
        """
    server = serve(serve_process)
    check_clean(run(server, program))
    server.join()


def test_exit_in_a_thread_that_is_no_daemon(serve: Serve) -> None:
    """The interpreter waits for it, and it has its connection until then."""
    program = """
        def work():
            main.join()
            print(M.noop()[0], M.logout()[0])
        main = threading.current_thread()
        M = connect()
        threading.Thread(target=work).start()
        """
    check_clean(run(serve(serve_process), program), "OK BYE\n")


def test_exit_with_a_child_of_ours(serve: Serve) -> None:
    """A program that is started inherits nothing of the connection."""
    closed = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.relax()
        peer.wait_closed()
        closed.set()

    with connected(serve(script)) as M:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            close_fds=False,
        )
        try:
            M.shutdown()
            assert closed.wait(SECONDS)
        finally:
            child.communicate(timeout=RUN_SECONDS)


# Fork: run with warnings about threads off, as CPython warns of any fork beside threads.

FORK = """
warnings.simplefilter('ignore', DeprecationWarning)

def in_child(function):
    'The status of a child that does this, within a time.'
    pid = os.fork()
    if not pid:
        try:
            faulthandler.dump_traceback_later(8)
            signal.alarm(10)
            function()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def fails(function, *arguments):
    try:
        function(*arguments)
    except IMAP4.abort:
        return
    raise AssertionError('no abort')

def use(M):
    'All that a child can do with a connection that is its parent\\'s.'
    fails(M.noop)
    fails(M.fetch, '1', '(BODY[])')
    fails(M.idle, 1)
    fails(lambda: M.noop(callback=print))
    fails(lambda: M.submit(M.noop))
    M.state, repr(M), M.capabilities, M.tagged_commands
    M.response('EXISTS'), list(M.pop_untagged_responses()), M.untagged_responses.get('FETCH')
    M.untagged_responses = {'X': [b'1']}
    assert M.untagged_responses.pop('X') == [b'1']
    assert M.logout()[0] == 'BYE'
    M.shutdown()
    with M: pass
"""

IN_CHILD = {
    "nothing": "lambda: None",
    "everything": "lambda: use(M)",
    "logout": "M.logout",
    "shutdown": "M.shutdown",
    "with": "lambda: M.__exit__(None, None, None)",
    "drop": "drop",
    "exit": "lambda: sys.exit(0)",
}

CHECK_PARENT = """
assert M.noop()[0] == 'OK'
assert M.fetch('7', '(BODY[])')[1][0][1] == b'7'
calls = []
M.noop(callback=calls.append)
assert M.logout() == ('BYE', [b'so long'])
assert len(calls) == 1 and calls[0][2] is None
"""

forks = pytest.mark.skipif(not hasattr(signal, "alarm"), reason="no fork")


def fork_program(making: str, what: str) -> str:
    return f"""
{FORK}
{making}
def drop():
    global M
    del M
    gc.collect()
try:
    status = in_child({IN_CHILD[what]})
except SystemExit:
    raise
assert status == {1 if what == "exit" else 0}, status
{CHECK_PARENT}
"""


MAKING = {
    "plain": "M = connect()",
    "compressed": "M = connect(); M.enable_compression()",
    "callbacks": "M = connect(); M.noop(callback=lambda outcome: None)",
    "a subclass": "M = connect(Hooked)",
}


@forks
@pytest.mark.parametrize("what", [name for name in IN_CHILD if name != "exit"])
@pytest.mark.parametrize("making", MAKING)
def test_fork(serve: Serve, making: str, what: str) -> None:
    """A child can't use the connection, is told so at once, and doesn't hurt its parent's."""
    server = serve(serve_process)
    check_clean(run(server, fork_program(MAKING[making], what)))
    server.join()
    assert server.connections == 1


@forks
@pytest.mark.parametrize("what", ["everything", "logout", "drop"])
def test_fork_with_tls(serve: Serve, tls: Contexts, what: str) -> None:
    server = serve(serve_process, tls=tls.server)
    check_clean(run(server, fork_program(MAKING["plain"], what), ca=tls.files.ca))


@forks
@pytest.mark.parametrize("what", ["nothing", "everything", "logout", "drop"])
def test_fork_with_a_stream(serve: Serve, what: str) -> None:
    """The process at the other end of the pipes is the parent's, too."""
    relay = Path(__file__).parents[2] / "conformance" / "relay.py"
    assert relay.is_file()
    making = f"""
M = IMAP4_stream(' '.join([sys.executable, {str(relay)!r}, host, str(port)]))
M.select()
"""
    check_clean(run(serve(serve_process), fork_program(making, what)))


@forks
@pytest.mark.parametrize("holder", ["another thread", "this thread"])
@pytest.mark.parametrize("what", ["everything", "logout", "shutdown", "drop"])
def test_fork_while_the_mutex_is_held(serve: Serve, what: str, holder: str) -> None:
    """In the child it is for ever held, as its holder does not exist there."""
    hold = f"""
M = connect()
held, go = threading.Event(), threading.Event()
def hold():
    {MUTEX}.run(lambda: (held.set(), go.wait()))
thread = threading.Thread(target=hold, daemon=True)
thread.start()
held.wait()
"""
    if holder == "this thread":  # a signal handler that forks
        hold = f"M = connect(); go = threading.Event(); {MUTEX}.acquire()"
    release = f"{MUTEX}.release()" if holder == "this thread" else "thread.join()"
    program = fork_program(hold, what).replace(CHECK_PARENT, "")
    check_clean(run(serve(serve_process), f"{program}\ngo.set()\n{release}\n{CHECK_PARENT}"))


@forks
def test_forks_while_much_happens(serve: Serve) -> None:
    """Some hit the reader, the writer and the callback thread while they hold something."""
    program = f"""
{FORK}
M = connect()
over = threading.Event()
problems = []

def work(number):
    while not over.is_set():
        if M.fetch(number, '(BODY[])')[1][0][1] != number.encode():
            problems.append(number)

def again(outcome):
    if outcome[2]:
        problems.append(outcome)
    if not over.is_set():
        M.noop(callback=again)

threads = [threading.Thread(target=work, args=[str(number)], daemon=True) for number in range(1, 4)]
for thread in threads:
    thread.start()
M.noop(callback=again)
for number in range({length(500, 20)}):
    status = in_child([lambda: use(M), M.logout, lambda: None][number % 3])
    assert status == 0, status
over.set()
for thread in threads:
    thread.join(10)
    assert not thread.is_alive()
assert not problems, problems
{CHECK_PARENT}
"""
    code = CONNECT + program
    server = serve(serve_process)
    done = subprocess.run(
        [sys.executable, "-c", code, server.host, str(server.port), ""],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT - 5,
    )
    check_clean(done)
    assert server.connections == 1


@forks
def test_the_parent_ends_while_a_child_lives(serve: Serve) -> None:
    """The child's copy of the descriptor doesn't keep the connection open."""
    closed = threading.Event()

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "SELECT")
        peer.relax()
        peer.wait_closed()
        closed.set()

    program = f"""
{FORK}
M = connect()
reading, writing = os.pipe()
pid = os.fork()
if not pid:
    signal.alarm(15)
    os.close(writing)
    os.read(reading, 1)  # until the parent has
    os._exit(0)
M.shutdown()
print('shut down', flush=True)
sys.stdin.read()
os.write(writing, b'x')
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""
    server = serve(script)
    with subprocess.Popen(
        [sys.executable, "-c", CONNECT + program, server.host, str(server.port), ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "shut down\n"
            assert closed.wait(SECONDS)
            assert process.communicate("go", timeout=RUN_SECONDS) == ("", "")
        finally:
            process.kill()


@forks
def test_a_child_of_multiprocessing(serve: Serve) -> None:
    """It exits by Python's rules, with the connection in its globals; and has one of its own."""
    program = f"""
{FORK}
import multiprocessing

def work(outcomes):
    fails(M.noop)
    with connect() as own:
        outcomes.put(own.noop()[0])

M = connect()
context = multiprocessing.get_context('fork')
outcomes = context.Queue()
process = context.Process(target=work, args=[outcomes])
process.start()
assert outcomes.get(timeout=10) == 'OK'
process.join(10)
assert process.exitcode == 0
{CHECK_PARENT}
"""
    server = serve(serve_process)
    check_clean(run(server, program))
    assert server.connections == 2


# Ctrl-C at any moment


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt, so that a real one isn't taken for it."""


class Interrupts:
    """A signal at a random moment, once; what it raises is caught by `within`."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._armed = False
        self.count = 0

    def handle(self, *_: object) -> None:
        if self._armed:
            self._armed = False
            self.count += 1
            raise Interrupted

    def within(self, call: Callable[[], Any]) -> Any:
        """The result of *call*, or None when it was interrupted."""
        try:
            self._armed = True
            signal.setitimer(signal.ITIMER_REAL, self._rng.uniform(1e-6, 1e-3))
            result = call()
            self._armed = False
            return result
        except Interrupted:
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def interrupts(request: pytest.FixtureRequest) -> Iterator[Interrupts]:
    if not hasattr(signal, "setitimer"):
        pytest.skip("no timers that signal")
    interrupts = Interrupts(request.param)
    before = signal.signal(signal.SIGALRM, interrupts.handle)
    gc.disable()  # what is raised in a finalizer of Python's own is lost, whatever we do
    yield interrupts
    gc.enable()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


CALLS: list[Callable[[Any, int], Any]] = [
    lambda M, number: M.fetch(str(number), "(BODY[])")[1][0][1] == b"%d" % number,
    lambda M, number: M.noop() == ("OK", [b"done"]),
    lambda M, number: M.idle(0.0005) == ("OK", [b"done"]),
    lambda M, number: [*iterate(M)] == [],
    lambda M, number: M.append("x", None, None, b"%d" % number * 100) == ("OK", [b"done"]),
]


def iterate(M: Any) -> Iterator[Any]:
    with M.idle(duration=0.0005) as idler:
        yield from idler


@pytest.mark.parametrize("interrupts", range(length(50, 3)), indirect=True)
@pytest.mark.parametrize("secure", [False, True])
def test_interrupts_at_any_moment(
    serve: Serve, tls: Contexts, interrupts: Interrupts, secure: bool
) -> None:
    """The connection goes on, or is over and says so; nobody waits, nobody gets other data."""
    server = serve(serve_process, tls=tls.server if secure else None)

    def connect() -> Any:
        if secure:
            return IMAP4_SSL(server.host, server.port, ssl_context=tls.client, timeout=SECONDS)
        return IMAP4(server.host, server.port, timeout=SECONDS)

    done = 0
    while done < length(1000, 200):
        M = connect()
        M.select()
        while not M.Terminate and done < length(1000, 200):
            done += 1
            interrupt_a_call(M, interrupts, done)
        check_ends(M)
        gc.collect()
    assert interrupts.count


def interrupt_a_call(M: Any, interrupts: Interrupts, number: int) -> None:
    """Interrupt a call, maybe; see that the next one gets what belongs to it."""
    call = partial(CALLS[number % len(CALLS)], M, number)
    assert unless_over(M, partial(interrupts.within, call)) in (True, None)
    _, data = unless_over(M, partial(M.fetch, "5000", "(BODY[])")) or (None, None)
    assert data is None or data[0][1] == b"5000"


def unless_over(M: Any, call: Callable[[], Any]) -> Any:
    """The result of *call*; None when an interrupt has ended the connection."""
    try:
        return call()
    except abort as problem:
        if not M.Terminate or "nterrupt" not in str(problem):
            raise
        return None


@pytest.mark.parametrize("interrupts", range(length(20, 2)), indirect=True)
@pytest.mark.parametrize("end", ["shutdown", "logout"])
def test_an_end_interrupted_at_any_moment(serve: Serve, interrupts: Interrupts, end: str) -> None:
    """Whoever waits is told, by the first end or by the second."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        peer.command("NOOP")
        peer.relax()
        arrived.release()
        peer.wait_closed()

    server, arrived = serve(script), threading.Semaphore(0)
    for _ in range(length(200, 40)):
        M = IMAP4(server.host, server.port)
        M._core.logout_timeout = PATIENCE
        waiter = Thread(failure, M.noop)
        assert arrived.acquire(timeout=SECONDS)
        interrupts.within(getattr(M, end))
        if not M.Terminate:
            M.shutdown()
        assert isinstance(waiter.result(), abort)
        M.shutdown()
        wait_over(M)
        assert not mutex(M).locked()


def check_ends(M: Any) -> None:
    with duration(0, 3):
        assert M.logout()[0] == "BYE"
    assert not list(M.tagged_commands)
    with pytest.raises(error):
        M.noop()


# logout() in a signal handler


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Have something done in the handler of SIGALRM."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("no timers that signal")
    before = signal.getsignal(signal.SIGALRM)
    yield lambda action: signal.signal(signal.SIGALRM, lambda *_: action())
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


PATIENCE = 0.1
"""Seconds that each wait of a logout may take here."""


class Hooked(IMAP4):
    def read(self, size: int) -> bytes:
        return super().read(size)


ENDS: dict[str, Callable[[Any], Any]] = {
    "logout": lambda M: M.logout(),
    "logout with a callback": lambda M: M.logout(callback=lambda outcome: None),
    "shutdown": lambda M: M.shutdown(),
    "with": lambda M: M.__exit__(None, None, None),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ["plain", "tls", "hooked"])
def test_a_handler_that_interrupts_who_holds_the_mutex(
    serve: Serve,
    tls: Contexts,
    on_signal: Any,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    end: str,
) -> None:
    """It is not held up; what it has interrupted finds the connection closed."""
    set_constant(monkeypatch, "MUTEX_TIMEOUT", PATIENCE)
    server = serve(serve_process, tls=tls.server if kind == "tls" else None)
    options: dict[str, Any] = {"cls": Hooked} if kind == "hooked" else {}
    if kind == "tls":
        options = {"cls": IMAP4_SSL, "ssl_context": tls.client}
    took: list[float] = []

    def leave() -> None:
        begin = time.monotonic()
        ENDS[end](M)
        took.append(time.monotonic() - begin)

    with connected(server, **options) as M:
        calls = Calls()
        M.create("x", callback=calls)
        submit = M._core.submit

        def submit_interrupted(*arguments: Any) -> None:
            M._core.submit = submit
            assert mutex(M).locked()
            signal.raise_signal(signal.SIGALRM)
            submit(*arguments)

        M._core.submit = submit_interrupted
        on_signal(leave)
        problem = failure(M.noop)
        by = "shutdown()" if end == "shutdown" else "logout()"
        for text in (str(problem), calls.next()[2][1]):
            assert text.startswith(f"the connection was closed by {by}")
        wait_over(M)
        assert M.logout()[0] == "BYE"
        assert M.sock.fileno() == -1
    assert isinstance(problem, abort)
    assert len(took) == 1
    assert took[0] < PATIENCE + 1


REENTERING: dict[str, Callable[[Any], Any]] = {
    "noop": lambda M: M.noop(),
    "noop with a callback": lambda M: M.noop(callback=print),
    "fetch": lambda M: M.fetch("1", "(FLAGS)"),
    "append": lambda M: M.append("x", None, None, b"text"),
    "idle": lambda M: M.idle(0),
    "response": lambda M: M.response("EXISTS"),
    "recent": lambda M: M.recent(),
    "pop": lambda M: [*M.pop_untagged_responses()],
    "untagged_responses": lambda M: M.untagged_responses.clear(),
    "by hand": lambda M: M._command("NOOP"),
    "a new tag": lambda M: M._new_tag(),
}


@pytest.mark.parametrize("call", REENTERING)
def test_a_handler_that_needs_what_it_has_interrupted(
    serve: Serve, on_signal: Any, call: str
) -> None:
    """It is refused at once; what was interrupted goes on as if nothing had been."""
    problems: list[BaseException] = []
    with connected(serve(serve_process)) as M:
        submit = M._core.submit

        def submit_interrupted(*arguments: Any) -> None:
            M._core.submit = submit
            signal.raise_signal(signal.SIGALRM)
            submit(*arguments)

        M.select()
        M._core.submit = submit_interrupted
        on_signal(lambda: problems.append(failure(REENTERING[call], M)))
        assert M.noop() == ("OK", [b"done"])
        assert M.fetch("7", "(BODY[])")[1][0][1] == b"7"
    (problem,) = problems
    assert isinstance(problem, error)
    assert "has interrupted" in str(problem)


def test_a_callback_of_a_logout_that_finds_the_mutex_held(serve: Serve) -> None:
    calls = Calls()
    with connected(serve(serve_process)) as M:
        logout = partial(M.logout, callback=calls, cb_arg=1)
        assert mutex(M).run(logout) == (None, None)
        result, argument, problem = calls.next()
        assert (result[0], argument, problem) == ("BYE", 1, None)
    assert calls.count == 0


def work(M: Any) -> None:
    while True:
        M.noop()


@pytest.mark.parametrize("secure", [False, True])
def test_logout_in_a_handler_at_any_moment(
    serve: Serve, tls: Contexts, on_signal: Any, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    """Where it stands, the thread that it waits for may be stuck: it does so within bounds."""
    bounds = ("MUTEX_TIMEOUT", "JOIN_TIMEOUT")
    for name in bounds:
        set_constant(monkeypatch, name, PATIENCE)
    server = serve(serve_process, tls=tls.server if secure else None)
    cls, options = (IMAP4_SSL, {"ssl_context": tls.client}) if secure else (IMAP4, {})
    rng, took = random.Random(0), []

    def leave() -> None:
        begin = time.monotonic()
        assert M.logout()[0] == "BYE"
        took.append(time.monotonic() - begin)

    on_signal(leave)
    count = length(1000, 50)
    for _ in range(count):
        M = cls(server.host, server.port, timeout=SECONDS, **options)
        M._core.logout_timeout = PATIENCE
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-4, 3e-3))
        assert isinstance(failure(work, M), error)
        M.shutdown()
    assert len(took) == count
    assert max(took) < (len(bounds) + 1) * PATIENCE + 1


# -- Of which there is little ----------------------------------------------------------------------

limits = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")

FETCH_WITH_LITTLE_MEMORY = """
import ctypes, resource
libgcc = ctypes.CDLL("libgcc_s.so.1")  # which the end of a thread may need, and not find
M = connect(timeout={timeout})
resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
try:
    M.fetch("1", "(BODY[])")
except {caught} as problem:
    print(problem)
"""


@limits
@pytest.mark.parametrize(("announced", "sent"), [(4 * 2**30 - 1, 0), (2**30, 3 * 2**20)])
def test_a_literal_that_is_announced_takes_no_address_space(
    serve: Serve, announced: int, sent: int
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "SELECT")
        peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % announced + bytes(sent))
        with contextlib.suppress(PeerClosedError):
            peer.wait_closed()

    done = run(
        serve(script),
        FETCH_WITH_LITTLE_MEMORY.format(timeout=0.5, caught="TimeoutError"),
    )
    assert done.stdout.startswith("timed out: no answer from the server")
    check_clean(done, done.stdout)


@limits
def test_a_literal_for_which_there_is_no_memory(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        agree(peer, "SELECT")
        peer.command("FETCH")
        with contextlib.suppress(OSError, PeerClosedError):
            peer.send(b"* 1 FETCH (BODY[] {%d}\r\n" % 2**30 + bytes(80 * 2**20))
            peer.wait_closed()

    done = run(
        serve(script),
        FETCH_WITH_LITTLE_MEMORY.format(timeout=10, caught="M.abort"),
    )
    assert done.stdout.startswith("MemoryError: for a literal of 1073741824 bytes")
    check_clean(done, done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("left", range(5))
def test_an_idle_by_hand_when_few_descriptors_are_left(serve: Serve, left: int) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        agree(peer, "SELECT")
        for _ in range(2):
            command = peer.command("IDLE")
            peer.send(b"+ idling\r\n* 1 EXISTS\r\n* 2 EXISTS\r\n")
            assert peer.readline() == b"DONE"
            peer.untagged(b"3 EXISTS")
            peer.ok(command)
        agree(peer, "LOGOUT")

    done = run(
        serve(script),
        f"""
        import os, select
        M = connect(timeout=10)
        kept = []
        try:
            while True:
                kept.append(os.dup(0))
        except OSError:
            for _ in range({left}):
                os.close(kept.pop())
        for _ in range(2):
            tag = M._command("IDLE")
            while M._get_response() is not None:
                pass
            M.sock.settimeout(5)
            print(M._get_line().decode())
            select.select([M.socket()], [], [], 0)
            print(M._get_line().decode())
            M.send(b"DONE\\r\\n")
            print(M._command_complete("IDLE", tag))
        for descriptor in kept:
            os.close(descriptor)
        M.logout()
        """,
        few_descriptors=True,
    )
    once = "* 1 EXISTS\n* 2 EXISTS\n('OK', [b'done'])\n"
    check_clean(done, once * 2)
