"""What holds for the tests of the core."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code; pytest-timeout ends
# what hangs.
settings.register_profile("imaplib2", deadline=None)
settings.load_profile("imaplib2")
