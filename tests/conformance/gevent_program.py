"""A program whose sockets and threads are gevent's.

Its arguments are a server's host, port, TLS port and CA file, and a user.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import threading  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402

sys.path.append(str(Path(__file__).parent))
from green_sessions import connectors, use  # noqa: E402


def main() -> None:
    ways = connectors()
    for name in ("plain", "tls", "starttls"):
        use(ways[name], ways["plain"], sys.argv[5], gevent)
        print(name, flush=True)
    assert threading.enumerate() == [threading.current_thread()]


if __name__ == "__main__":
    main()
