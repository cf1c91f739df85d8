"""Tell what works with a server, and what is wrong.

Shows the certificate, what the server says of itself, and what comes of
trying the extensions that it offers. Nothing on the server is changed.
Where nobody has said who logs in, it looks at what comes before that."""

from __future__ import annotations

import argparse
import time

from .._clock import Clock
from .._errors import error, printable
from .._hints import TYPE_CHECKING, Any
from .advice import explained
from .checking.report import Report
from .failures import Failure
from .text import joined

if TYPE_CHECKING:
    from .._client import IMAP4
    from .account import Account
    from .checking.certificates import Certificate
    from .console import Console

#: Days before a certificate expires from which on that is worth telling.
_SOON = 14
#: Names of a certificate that are shown.
_NAMES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from . import accounts

    accounts.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="write one line of JSON")


def run(options: argparse.Namespace, console: Console) -> int:
    """Look at the server, and tell."""
    from . import accounts

    account = accounts.account_of(options, console)
    report = Report(console, as_json=options.json)
    about_ourselves(report)
    is_encrypted = account.security in ("tls", "starttls")
    # Loading whom to trust takes longer than many a connection.
    context = accounts.tls_context(account) if is_encrypted else None
    begun = Clock.now()
    try:
        client = accounts.connect(account, context)
    except Failure as failure:
        report.section("Connection")
        _about_untrusted(account, failure, report)
        return _failed(failure, report)
    seconds = Clock.now() - begun
    with accounts.closing(client):
        try:
            about_connection(client, account, report, seconds)
            about_server(client, account, report)
            return _logged_in(client, account, console, report)
        except (Failure, error) as problem:
            return _failed(explained(problem, account), report)


def _failed(failure: Failure, report: Report) -> int:
    report.problem(failure.text, failure.advice)
    report.finish("")
    return failure.status


def _logged_in(client: IMAP4, account: Account, console: Console, report: Report) -> int:
    """Log in if somebody is known, and try what needs that."""
    from . import accounts

    if account.user is None and client.state == "NONAUTH":
        report.problem(
            "Nobody has logged in, as no user is known: the rest was not tried.",
            "Name the user by --user.",
            serious=False,
        )
        return report.finish("The server can be reached.")
    seconds = None
    if client.state == "NONAUTH":
        password = None if account.token_command else accounts.find_password(account, console)
        begun = Clock.now()
        accounts.log_in(client, account, console, password)
        seconds = Clock.now() - begun
    about_login(client, account, report, seconds)
    about_trials(client, report)
    return report.finish("All is well.")


# -- Sections --------------------------------------------------------------------------------------


def about_ourselves(report: Report) -> None:
    """Which package runs: the index has another one of its name."""
    import os
    import platform
    import ssl

    import imaplib2

    report.section("Here")
    place = os.path.dirname(imaplib2.__file__)
    value = {"version": imaplib2.__version__, "file": imaplib2.__file__}
    report.row("imaplib2", value, "imaplib2", f"{imaplib2.__version__}, in {place}")
    python = platform.python_version()
    report.row("python", python, "Python", f"{python}, {ssl.OPENSSL_VERSION}")
    report.put("openssl", ssl.OPENSSL_VERSION)
    other = _other_version(imaplib2.__version__)
    if other is not None:
        report.problem(
            f"Another package called imaplib2, version {other}, is installed here, too.",
            "Remove it: pip uninstall imaplib2; then install this one again.",
            serious=False,
        )


def _other_version(ours: str) -> str | None:
    """The version that is installed under our name, if it isn't *ours*."""
    from importlib import metadata

    try:
        found = metadata.version("imaplib2")
    except metadata.PackageNotFoundError:
        return None
    return found if found != ours else None


def about_connection(client: IMAP4, account: Account, report: Report, seconds: float) -> None:
    """Whom it is to, and how it is encrypted."""
    from .checking.trials import milliseconds

    report.section("Connection")
    peer = _peer(client)
    report.row("server", account.where, "server", f"{account.where}{f' ({peer})' if peer else ''}")
    report.put("address", peer)
    report.row("connect_seconds", seconds, "connected", f"in {milliseconds(seconds)}")
    if account.security == "command":
        report.row("tls", None, "by", f"a tunnel: {account.command}")
        return
    if account.security == "plain":
        report.row("tls", None, "TLS", "none: everybody on the way can read all of it", "warn")
        if "STARTTLS" in client.capabilities:
            text = "The connection isn't encrypted, although the server can do that."
            report.problem(text, "Use --starttls instead of --plain.", serious=False)
        return
    from .checking import certificates

    sock: Any = client.sock
    cipher = (sock.cipher() or ("?",))[0]
    how = ", by STARTTLS" if account.security == "starttls" else ""
    value = {"version": sock.version(), "cipher": cipher}
    report.row("tls", value, "TLS", f"{sock.version()}, {cipher}{how}")
    by = "its fingerprint is the one to trust" if account.fingerprint else "trusted"
    about_certificate(certificates.of_connection(client, account), report, by)


def _peer(client: IMAP4) -> str | None:
    """The address of the other side."""
    sock: Any = client.sock
    try:
        return str(sock.getpeername()[0])
    # A tunnel has none, and a lost connection has none any more.
    except (AttributeError, OSError):
        return None


def _about_untrusted(account: Account, failure: Failure, report: Report) -> None:
    """Where there was no connection: what there was to see, the certificate above all."""
    import ssl

    report.row("server", account.where, "server")
    cause = failure.__cause__
    # Without a cause, it was compared in vain.
    is_untrusted = cause is None and bool(account.fingerprint)
    if not is_untrusted and not isinstance(cause, ssl.SSLCertVerificationError):
        return
    from .checking import certificates

    try:
        certificate = certificates.of_server(account)
    except Failure:
        return
    about_certificate(certificate, report, "not trusted")
    if (certificates.days_left(certificate) or 0) < 0 and "expired" not in failure.text:
        report.problem(f"It has also expired, on {_date(certificate.not_after)}.")


def about_certificate(certificate: Certificate, report: Report, verdict: str) -> None:
    """What it says, and whether it is trusted: *verdict*."""
    from .checking import certificates

    report.section("Certificate")
    trusted = verdict != "not trusted"
    days = certificates.days_left(certificate)
    if certificate.subject is not None:
        report.row("subject", certificate.subject, "subject", certificate.subject or "(empty)")
        report.row("issuer", certificate.issuer, "issuer")
        names = certificate.names or ()
        report.row("names", list(names), "names", _some(names) or "(none)")
        begin, end = _date(certificate.not_before), _date(certificate.not_after)
        soon = days is not None and days < _SOON
        report.row(
            "valid", {"from": begin, "to": end, "days_left": days},
            "valid", f"{begin} to {end}, {_days(days)}", "warn" if soon else "",
        )  # fmt: skip
    report.row("sha256", certificate.fingerprint, "SHA-256")
    report.row("trusted", trusted, "verdict", verdict, "good" if trusted else "bad")
    if trusted and days is not None and days < _SOON:
        text = f"The certificate expires soon: on {_date(certificate.not_after)}."
        report.problem(text, "The server's administrator has to renew it.", serious=False)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(printable, names[:_NAMES]))
    more = len(names) - _NAMES
    return f"{shown}, and {more} more" if more > 0 else shown


def _date(seconds: float | None) -> str:
    return "?" if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _days(days: int | None) -> str:
    if days is None:
        return "?"
    return f"for {days} more days" if days >= 0 else "expired"


def about_server(client: IMAP4, account: Account, report: Report) -> None:
    """What it says before anybody has logged in."""
    report.section("Server")
    greeting = printable(client.welcome)
    report.row("greeting", greeting, "greeting", _without_code(greeting))
    if "ID" in client.capabilities:
        _about_id(client, report)
    before = client.capabilities
    report.row("capabilities", list(before), "capabilities", _words(before))
    mechanisms = [one.removeprefix("AUTH=") for one in before if one.startswith("AUTH=")]
    has_command = "LOGINDISABLED" not in before
    report.put("login_command", has_command)
    if client.state == "NONAUTH":
        shown = [*mechanisms, *(["the command LOGIN"] if has_command else [])]
        report.row("mechanisms", mechanisms, "mechanisms", printable(joined(shown or ["(none)"])))
        _about_mechanisms(shown, account, report)


def _without_code(greeting: str) -> str:
    """*greeting* without a list of capabilities, which are shown elsewhere."""
    code, bracket, rest = greeting.partition("]")
    return (
        code.partition("[")[0] + rest.lstrip()
        if bracket and "[CAPABILITY " in code.upper()
        else greeting
    )


def _about_id(client: IMAP4, report: Report) -> None:
    from .. import parse

    typ, data = client.id({"name": "imaplib2"})
    if typ != "OK":
        return
    fields = parse.identification((typ, data), lenient=True)
    if not isinstance(fields, dict):
        return
    shown = ", ".join(f"{key} {value}" for key, value in fields.items() if value)
    if shown:
        report.row("id", fields, "software", printable(shown))


def _words(words: tuple[str, ...] | list[str]) -> str:
    return printable(" ".join(words))


def _about_mechanisms(mechanisms: list[str], account: Account, report: Report) -> None:
    if not mechanisms and account.security == "plain":
        report.problem(
            "The server lets nobody log in on a connection that isn't encrypted.",
            "Use --starttls, or leave out --plain.",
        )
    elif not mechanisms:
        report.problem("The server offers no way to log in here.", "Ask its administrator.")
    if any(one.startswith("SCRAM-") for one in mechanisms) and not _has_scramp():
        report.problem(
            "The server can check a password without being shown it (SCRAM); for that, the package"
            " scramp is missing here.",
            "Install it: pip install scramp",
            serious=False,
        )


def _has_scramp() -> bool:
    from importlib.util import find_spec

    return find_spec("scramp") is not None


def about_login(client: IMAP4, account: Account, report: Report, seconds: float | None) -> None:
    """Who has logged in, and what the server can do now."""
    from .checking.trials import milliseconds

    report.section("Login")
    if seconds is None:
        report.row("user", account.user, "user", "known to the server already (PREAUTH)")
    else:
        text = f"{account.user}, in {milliseconds(seconds)}"
        report.row("user", account.user, "user", text)
    report.put("login_seconds", seconds)
    after = client.capabilities
    report.row("capabilities_after_login", list(after), "capabilities", _words(after))


def about_trials(client: IMAP4, report: Report) -> None:
    """What works."""
    from .checking import trials

    report.section("What works")
    found: dict[str, Any] = {}
    signs = {trials.WORKS: ("✓", "good"), trials.FAILS: ("✗", "bad"), trials.ABSENT: ("·", "dim")}
    for trial in trials.trials(client):
        sign, style = signs[trial.outcome]
        absent = f"{trial.outcome}: " if trial.outcome == trials.ABSENT else ""
        report.mark(sign, style, trial.name, absent + trial.text)
        found[trial.name] = {"outcome": trial.outcome, "seconds": trial.seconds}
        if trial.outcome == trials.FAILS:
            report.problem(f"{trial.name} doesn't work here: {trial.text}.", _ABOUT_FAILED)
    report.put("trials", found)


_ABOUT_FAILED = "Tell the server's administrator; programs that use it will fail as well."
