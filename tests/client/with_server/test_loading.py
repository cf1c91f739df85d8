"""What is loaded when: by the import, or with the first connection; nothing later.

Later, there may be no descriptor left to read a module by; and a module that another thread loads
just now is waited for, which the reader, the writer and signal handlers must never have to.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from ...server.contexts import Contexts
from ...server.helpers import Serve
from ...threads.with_server.test_process import check_clean, run, serve_process

WATCH = """
import io
loaded = []

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("imaplib2"):
            loaded.append(name)

sys.meta_path.insert(0, Watch())
connect_first = connect

def connect(*arguments, **options):
    M = connect_first(*arguments, **options)
    loaded.clear()
    return M

"""

SESSIONS = {
    "plain": "M = connect(); M.fetch('1', '(BODY[])'); M.noop()",
    "with callbacks": """
M = connect()
M.noop(callback=lambda outcome: None)
M.idle(callback=lambda outcome: None)
""",
    "what few need": """
M = connect()
M.append('x', None, None, b'x')
M.append('x', None, None, io.BytesIO(b'x'))
M.fetch_to(io.BytesIO(), 1)
M.search(None, 'SUBJECT ?', params=['x'])
M.xatom('XFOO (a)')
M.id('a', 'b')
""",
    "idling": "M = connect()\nwith M.idle(duration=0.1) as idler: list(idler)",
    "compressed": "M = connect(); M.enable_compression(); M.fetch('1', '(BODY[])')",
    "a subclass": "M = connect(Hooked); M.fetch('1', '(BODY[])')",
    "a subclass, compressed": "M = connect(Hooked); M.enable_compression(); M.noop()",
    "by hand": """
M = connect(Hooked)
tag = M._new_tag()
M.send(tag + b' NOOP\\r\\n')
while M.tagged_commands[tag] is None: M._get_response()
""",
    "on the socket": """
M = connect()
M.sock.sendall(b'X1 NOOP\\r\\n')
assert M.sock.recv(100) == b'X1 OK done\\r\\n', 'another answer'
""",
    "lost": "M = connect(debug=5, debug_file=open(os.devnull, 'w')); M.shutdown()",
    "left alone": "M = connect(); del M; gc.collect()",
}


@pytest.mark.parametrize("session", SESSIONS)
def test_nothing_is_loaded_behind_the_connection(serve: Serve, session: str) -> None:
    end = "\nif 'M' in globals(): M.logout()\nprint(loaded)"
    check_clean(run(serve(serve_process), WATCH + SESSIONS[session] + end), "[]\n")


@pytest.mark.parametrize("session", ["plain", "by hand", "compressed"])
def test_nor_is_it_with_tls(serve: Serve, tls: Contexts, session: str) -> None:
    program = SESSIONS[session].replace("connect(Hooked)", "connect()")
    end = "\nM.logout()\nprint(loaded)"
    done = run(serve(serve_process, tls=tls.server), WATCH + program + end, ca=tls.files.ca)
    check_clean(done, "[]\n")


def test_what_most_programs_never_use_is_not_loaded(serve: Serve) -> None:
    program = """
    def loaded(*names): return [name for name in names if name in sys.modules]
    print(loaded("imaplib2._threads.engine", "imaplib2._hooks", "imaplib2._protocol.connection"))
    M = connect()
    M.search(None, 'ALL')
    M.fetch('1', '(BODY[])')
    M.logout()
    print(loaded(
        "imaplib2._transport.process", "imaplib2._transport.tls_socket", "calendar", "datetime",
        "email", "logging", "random", "ssl", "subprocess",
    ))
    """
    check_clean(run(serve(serve_process), program), "[]\n[]\n")


#: What takes most of the time that the import is spared.
LATE = [
    *("_protocol.dispatch", "_protocol.framing", "_protocol.refusals", "_protocol.responses"),
    *("_protocol.secrets", "_threads.gate", "_hooks", "_trace"),
]


def test_the_import_loads_nothing_of_what_comes_with_the_first_connection() -> None:
    program = f"""
import sys
import imaplib2
loaded = set(sys.modules)
from imaplib2 import _late
assert set({LATE}) <= {{name.removeprefix("imaplib2.") for name in sys.modules}}
late = {{getattr(_late, name).__module__ for name in _late.__all__}}
print((late | {{f"imaplib2.{{name}}" for name in {LATE}}}) & loaded)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")
