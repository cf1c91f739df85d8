"""The historical import path: ``from imaplib2.imaplib2 import IMAP4`` gives the same objects."""

import sys

from . import *  # noqa: F403
from . import Debug as Debug, __all__ as __all__

# The package has put itself here already, unless a program has taken it out of ``sys.modules``.
sys.modules[__name__] = sys.modules[__name__.rpartition(".")[0]]
