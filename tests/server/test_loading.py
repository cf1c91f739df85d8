"""What is loaded when: by the import, with the first connection, and by nothing but users' threads.

A module that another thread loads just now is waited for: the reader and the writer, which others
wait for, must never have to.
"""

from __future__ import annotations

import pytest

from .conftest import Contexts
from .helpers import Serve
from .test_process import check_clean, run, serve_process

WATCH = """
loaded = []

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("imaplib2"):
            loaded.append((threading.current_thread() is threading.main_thread(), name))

sys.meta_path.insert(0, Watch())
"""

SESSIONS = {
    "plain": "M = connect(); M.fetch('1', '(BODY[])'); M.noop()",
    "with callbacks": """
M = connect()
M.noop(callback=lambda outcome: None)
M.idle(callback=lambda outcome: None)
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
def test_the_threads_of_a_connection_load_nothing(serve: Serve, session: str) -> None:
    end = "\nif 'M' in globals(): M.logout()\nprint([name for ours, name in loaded if not ours])"
    check_clean(run(serve(serve_process), WATCH + SESSIONS[session] + end), "[]\n")


@pytest.mark.parametrize("session", ["plain", "by hand", "compressed"])
def test_nor_do_they_with_tls(serve: Serve, tls: Contexts, session: str) -> None:
    program = SESSIONS[session].replace("connect(Hooked)", "connect()")
    end = "\nM.logout()\nprint([name for ours, name in loaded if not ours])"
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
        "imaplib2._by_hand.parts", "imaplib2._given", "imaplib2._protocol.substitution",
        "imaplib2._transport.process", "imaplib2._transport.tls_socket",
        "calendar", "copy", "datetime", "email", "logging", "random", "ssl", "subprocess",
    ))
    """
    check_clean(run(serve(serve_process), program), "[]\n[]\n")
