"""What this package costs, beside other libraries and beside what can't be avoided.

    python -m benchmarks --short

from the repository's root. Where things go:

- a workload: a function and a row in ``workloads.py``; a bound on it: a row in ``targets.py``;
- a library: a module in ``libraries`` and a row in ``libraries/__init__.py``; the *floor* is one
  of them, a program that looks for nothing but the ends of answers, and so is the *threaded
  floor*, which has a thread for that;
- what a workload reads: a mailbox in ``replies.py``, served by ``server.py``.

``measure.py`` runs ``sample.py`` in a new process for every sample; ``report.py`` makes the tables.

    python -m benchmarks --beside PATH

is for a change: PATH has this package as it was before (a directory that holds ``imaplib2``, so a
checkout, or a wheel), which takes turns with this one; the last table shows what has become slower.

    python -m benchmarks --docs docs/performance.rst --rounds 3

replaces all figures in the documentation (see ``places.py``), those of ``--growth`` too, and draws
the pictures of them (``pictures.py``).
"""
