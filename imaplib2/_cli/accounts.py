"""Which server, as whom and how; and a connection to it.

That comes from the command line, and from the configuration file (see `configuration`).

A command does ``accounts.add_arguments(parser)``, and then:

>>> def run(options, console):
...     account = accounts.account_of(options, console)
...     with accounts.session(account, console) as client:
...         client.noop()

or, to open several connections, one after the other or by several threads:

>>> def run(options, console):
...     opener = accounts.Opener(accounts.account_of(options, console), console)
...     first, second = opener(), opener()
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from .. import IMAP4, IMAP4_SSL, IMAP4_stream
from .._errors import error
from .._hints import TYPE_CHECKING, Any
from . import passwords
from .account import TIMEOUT, Account as Account
from .advice import explained, refused
from .failures import UNREACHABLE, USAGE, Failure
from .values import fingerprint, port, seconds, split_address

if TYPE_CHECKING:
    import ssl

    from .console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add HOST, and the options of a connection; what comes of them is for `account_of`."""
    parser.add_argument(
        "host", metavar="HOST",
        help="[USER@]HOST[:PORT] of the server, or an account of ~/.config/imaplib2/config.toml",
    )  # fmt: skip
    group = parser.add_argument_group("connection")
    group.add_argument("-u", "--user", metavar="USER", help="who logs in")
    group.add_argument("-p", "--port", metavar="PORT", type=port, help="993; without TLS, 143")
    ways = group.add_mutually_exclusive_group()
    ways.add_argument(
        "--starttls", dest="security", action="store_const", const="starttls",
        help="encrypt by STARTTLS, instead of TLS from the start",
    )  # fmt: skip
    ways.add_argument(
        "--plain", dest="security", action="store_const", const="plain", help="don't encrypt"
    )
    ways.add_argument(
        "--command", metavar="COMMAND",
        help="a command of the shell that speaks IMAP on its standard input and output: a tunnel."
        " HOST is then a name for it, by which passwords are found",
    )  # fmt: skip
    group.add_argument("--ca-file", metavar="FILE", help="the certificates of whom to trust (PEM)")
    group.add_argument(
        "--fingerprint", metavar="SHA256", type=fingerprint,
        help="trust this certificate, and no other",
    )  # fmt: skip
    group.add_argument(
        "--timeout", metavar="SECONDS", type=seconds,
        help=f"how long the server may be silent ({TIMEOUT:g})",
    )  # fmt: skip
    group.add_argument("--password-file", metavar="FILE", help="its first line is the password")
    group.add_argument("--password-command", metavar="COMMAND", help="writes the password")
    group.add_argument(
        "--token-command", metavar="COMMAND", help="writes an OAuth access token, to log in by that"
    )
    group.add_argument(
        "--allow-clear-text", action="store_true", default=None,
        help="with --plain: show the password to everybody on the way, if need be",
    )  # fmt: skip
    group.add_argument(
        "--trace", action="store_true", default=None,
        help="tell on standard error what is sent and received, but no password",
    )  # fmt: skip


def account_of(options: argparse.Namespace, console: Console) -> Account:
    """The account that the *options* name. Raises `Failure` for what can't be meant."""
    from . import configuration

    name: str = options.host
    fields = configuration.account(name)
    if fields is None:
        user, host, number = split_address(name)
        fields = {"host": host, "user": user, "port": number}
    fields = {key: value for key, value in fields.items() if value is not None}
    given = {key: getattr(options, key, None) for key in (*Account._fields[1:], "security")}
    if given["command"] is not None:
        given["security"] = "command"
    fields |= {key: value for key, value in given.items() if value is not None and key != "host"}
    return _completed(name, fields, console)


def _completed(name: str, fields: dict[str, Any], console: Console) -> Account:
    if "command" in fields:
        fields.setdefault("security", "command")
    if fields.get("security") != "command":
        fields.pop("command", None)
    fields.setdefault("port", 143 if fields.get("security") in ("starttls", "plain") else 993)
    fields.setdefault("user", passwords.netrc_user(fields["host"], console))
    return Account(name, **fields)


# -- Connections -----------------------------------------------------------------------------------


def connect(account: Account, context: ssl.SSLContext | None = None) -> IMAP4:
    """A connection to the server of *account*, encrypted as wanted; nobody has logged in.

    *context* replaces that of the account. Raises `Failure`, whose ``__cause__`` is the exception.
    """
    import sys

    common: dict[str, Any] = {"timeout": account.timeout}
    if account.trace:
        common |= {"debug": 4, "debug_file": sys.stderr}
    try:
        if account.security == "command":
            return IMAP4_stream(account.command or "", **common)
        context = context or tls_context(account)
        if account.security == "tls":
            client: IMAP4 = IMAP4_SSL(account.host, account.port, ssl_context=context, **common)
        else:
            client = IMAP4(account.host, account.port, **common)
        return _secured(client, account, context)
    # ValueError: a name that no host can have.
    except (error, OSError, ValueError) as problem:
        raise explained(problem, account) from problem


def _secured(client: IMAP4, account: Account, context: ssl.SSLContext) -> IMAP4:
    """*client*, once it is encrypted as wanted, by the certificate that is wanted."""
    try:
        if account.security == "starttls":
            client.starttls(ssl_context=context)
        if account.fingerprint and account.security != "plain":
            _compare_fingerprint(client, account.fingerprint)
    except BaseException:
        client.shutdown()
        raise
    return client


def tls_context(account: Account) -> ssl.SSLContext:
    """What to trust: the system's authorities, those of the CA file, or anybody, to be compared.

    Raises `Failure` for a file that can't be used.
    """
    import ssl

    try:
        context = ssl.create_default_context(cafile=account.ca_file)
    except OSError as problem:
        text = f"The CA file {account.ca_file} can't be used: {problem}."
        raise Failure(text, "It must hold certificates in the form PEM.", USAGE) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if account.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def fingerprint_of(certificate: bytes) -> str:
    """The fingerprint of a *certificate* in DER, as `Account` has it."""
    import hashlib

    return hashlib.sha256(certificate).hexdigest()


def certificate_of(client: IMAP4) -> bytes:
    """The server's certificate in DER; the connection is encrypted."""
    sock: Any = client.sock
    return sock.getpeercert(True) or b""


def _compare_fingerprint(client: IMAP4, wanted: str) -> None:
    found = fingerprint_of(certificate_of(client))
    if found != wanted:
        raise Failure(
            f"This is not the certificate that --fingerprint trusts: its fingerprint is {found}.",
            "Somebody may be in between. If the server has got a new certificate, compare this one"
            " with what its operator says.",
            UNREACHABLE,
        )


def log_in(client: IMAP4, account: Account, console: Console, password: str | None = None) -> None:
    """Log in on *client*, unless the server knows already who it is (PREAUTH).

    By an OAuth token if the account has a command for one; else by *password*, or the one that
    `passwords.find` finds. Raises `Failure`.
    """
    if client.state != "NONAUTH":
        return
    user = account.user
    if user is None:
        raise Failure("Nobody has said who logs in.", "Name the user by --user.", USAGE)
    try:
        if account.token_command:
            _log_in_by_token(client, account, user)
        else:
            found = find_password(account, console) if password is None else password
            client.login_best(user, found, allow_clear_text=account.allow_clear_text)
    except (error, OSError) as problem:
        raise refused(problem, account) from problem


def _log_in_by_token(client: IMAP4, account: Account, user: str) -> None:
    assert account.token_command is not None
    token = passwords.output_of(account.token_command, "token command")
    if "AUTH=OAUTHBEARER" in client.capabilities and "AUTH=XOAUTH2" not in client.capabilities:
        client.login_oauthbearer(user, token)
    else:
        client.login_xoauth2(user, token)


def find_password(account: Account, console: Console) -> str:
    """The password of the user of *account*, who is known. Raises `Failure`."""
    wanted = passwords.Wanted(
        account.host, account.user or "", account.password_command, account.password_file
    )
    return passwords.find(wanted, console)


class Opener:
    """Opens connections of one account, each logged in; asks for the password once.

    A token is asked for each time, as it doesn't last. Raises `Failure` when called. May be called
    by several threads once it was called by one.
    """

    def __init__(self, account: Account, console: Console) -> None:
        self.account = account
        self._console = console
        self._password: str | None = None

    def __call__(self) -> IMAP4:
        client = connect(self.account)
        try:
            needs_it = client.state == "NONAUTH" and self.account.user is not None
            if needs_it and self._password is None and not self.account.token_command:
                self._password = find_password(self.account, self._console)
            log_in(client, self.account, self._console, self._password)
        except BaseException:
            client.shutdown()
            raise
        return client


@contextlib.contextmanager
def session(account: Account, console: Console) -> Iterator[IMAP4]:
    """A connection, logged in, for a ``with`` statement, at whose end is the logout.

    Ctrl-C ends it without one, at once; what the server says no to becomes a `Failure`.
    """
    with closing(Opener(account, console)()) as client:
        try:
            yield client
        except error as problem:
            raise explained(problem, account) from problem


@contextlib.contextmanager
def closing(client: IMAP4) -> Iterator[IMAP4]:
    """*client*, with a logout at the end; but when it ends by Ctrl-C or the like, without."""
    try:
        yield client
    except Exception:
        client.logout()
        raise
    except BaseException:
        client.shutdown()
        raise
    client.logout()
