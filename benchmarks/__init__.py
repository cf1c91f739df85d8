"""What this package costs, beside other libraries and beside what can't be avoided.

    python -m benchmarks --short

from the repository's root. Where things go:

- a workload: a function and a row in ``workloads.py``; a bound on it: a row in ``targets.py``;
- a library: a module in ``libraries`` and a row in ``libraries/__init__.py``; the *floor* is one
  of them, a program that looks for nothing but the ends of answers;
- what a workload reads: a mailbox in ``replies.py``, served by ``server.py``.

``measure.py`` runs ``sample.py`` in a new process for every sample; ``report.py`` makes the tables.
"""
