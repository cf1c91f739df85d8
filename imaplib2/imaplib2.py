"""The historical import path: ``from imaplib2.imaplib2 import IMAP4`` gives the same objects."""

import sys

from . import *  # noqa: F403
from . import Debug as Debug
from . import __all__ as __all__

# One module by two names: what a program sets on either, such as ``Debug``, counts, the last value
# of all. A module of its own would hold copies from when it was imported. (The imports above are
# what type checkers see.)
sys.modules[__name__] = sys.modules[__name__.rpartition(".")[0]]
