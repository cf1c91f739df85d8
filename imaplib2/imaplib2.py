"""The historical import path: ``from imaplib2.imaplib2 import IMAP4`` gives the same objects."""

from . import *  # noqa: F403
from . import Debug as Debug
from . import __all__ as __all__
