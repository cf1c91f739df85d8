"""The outcome of a command: where other rooms find it. It lives in ``_threads/pending.py``."""

from ._threads.pending import Callback, Finish, Job, Outcome, Pending, run_jobs

__all__ = ["Callback", "Finish", "Job", "Outcome", "Pending", "run_jobs"]
