"""Run a program that knows nothing of imaplib2 with it in place of imaplib.

    python tests/conformance/swapped.py imaplib2 PROGRAM [ARGUMENT...]
    python tests/conformance/swapped.py imaplib PROGRAM [ARGUMENT...]

The second form changes nothing; it is there to compare with. PROGRAM is a file, or ``-m MODULE``.
"""

from __future__ import annotations

import runpy
import sys


def main() -> None:
    library, program, *arguments = sys.argv[1:]
    if library == "imaplib2":
        import imaplib2

        sys.modules["imaplib"] = imaplib2
    if program == "-m":
        module, *arguments = arguments
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
