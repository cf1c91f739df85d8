"""Programs written for other libraries, and uses of them, run with this one.

Each beside the library that it was written for, where that tells what is right:

- test_same_as_imaplib: a table of uses (uses.py), and of what differs (differences.py)
- test_imapclient, test_imap_tools: the steps of a program (*_steps.py, made of steps.py), run over
  both libraries (swapped.py) and compared (comparison.py)
- test_typing: what mypy says of programs (typing_samples) and of typeshed's stub

By themselves:

- test_cpython: the interpreter's own tests of imaplib (run_cpython_tests.py), but for a few
  (cpython_exceptions.py)
- test_historical, test_offlineimap: what was written for imaplib2 3.x
- test_newer_apis: what imaplib got in CPython 3.14 to 3.16
- test_gevent: a program that gevent has patched
"""
