"""What is wrong, in words, and what to do about it: of exceptions, and of response codes.

`explained` is for what happens on a connection, `refused` for a login.
"""

from __future__ import annotations

import errno
import socket

from .._errors import InvalidArgument, abort, error, printable
from .._hints import TYPE_CHECKING
from .failures import PROBLEM, REFUSED, UNREACHABLE, USAGE, Failure

if TYPE_CHECKING:
    import ssl

    from .account import Account

#: By the response codes of RFC 5530, section 3, and others: what it means, and what to do.
CODES = {
    "ALERT": ("", "The server wants you to read this."),
    "AUTHENTICATIONFAILED": ("", "Check the user's name and the password."),
    "AUTHORIZATIONFAILED": (
        "the password is right, but this user may not act as that one",
        "Log in as yourself, or ask the server's administrator.",
    ),
    "BADCHARSET": ("the server doesn't know this character set", ""),
    "CANNOT": ("the server can't do that", ""),
    "CLIENTBUG": ("the server takes this for a mistake of the program", "Please report it."),
    "CONTACTADMIN": ("", "Ask the server's administrator."),
    "CORRUPTION": (
        "the server has found mail that is damaged",
        "Tell the server's administrator.",
    ),
    "EXPIRED": ("the password or the token has expired", "Get a new one."),
    "INUSE": ("something else is using the mailbox", "Try again in a while."),
    "LIMIT": ("a limit of the server has been reached", "Close other mail programs, or wait."),
    "NONEXISTENT": ("there is no such mailbox", "`imaplib2 ls` shows those there are."),
    "NOPERM": ("this user may not do that", "Ask the server's administrator for the right."),
    "OVERQUOTA": ("the mailbox is full", "Delete something, or ask for more room."),
    "PRIVACYREQUIRED": (
        "the server wants an encrypted connection",
        "Leave out --plain, or use --starttls.",
    ),
    "SERVERBUG": ("the server has made a mistake", "Tell the server's administrator."),
    "TRYCREATE": ("there is no such mailbox", "Create it first."),
    "UNAVAILABLE": (
        "something behind the server is out of order",
        "That isn't about you: try again in a few minutes.",
    ),
    "WEBALERT": ("", "Log in to the web mail of the provider first."),
}
#: What says of a refused login that it isn't about user and password.
_NOT_ABOUT_USER = {"UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "PRIVACYREQUIRED", "CANNOT"}

_TOO_MANY = (
    "Too many connections of this user are open: close other mail programs, or wait for some"
    " minutes."
)
#: By a part of what servers say, in lower case.
_PHRASES = (
    (
        ("too many simultaneous", "maximum number of connections", "too many connections"),
        _TOO_MANY,
    ),
    (
        ("application-specific password", "app password", "app-specific"),
        "The usual password won't do: this account needs an app password.",
    ),
    (
        ("authenticated but not connected",),
        "Microsoft says this where IMAP is switched off for the account, where the token is another"
        " user's or doesn't cover IMAP, and of wrong names of shared mailboxes.",
    ),
    (
        ("basicauthblocked", "basic authentication is disabled", "login disabled"),
        "Passwords are switched off here: log in by an OAuth token, see --token-command.",
    ),
    (
        ("unsafe login",),
        "This server wants programs to name themselves (ID), and accounts to allow IMAP: look into"
        " the settings of its web mail.",
    ),
)

#: By domains or labels in the server's name: what its users stumble over when they log in.
PROVIDERS = (
    (
        ("gmail.com", "googlemail.com"),
        "Gmail takes no usual passwords: make an app password at"
        " https://myaccount.google.com/apppasswords (that needs 2-step verification), or use an"
        " OAuth token, see --token-command.",
    ),
    (
        ("office365.com", "outlook.com", "hotmail.com", "live.com"),
        "Microsoft takes no passwords for IMAP any more: log in by an OAuth token, see"
        " --token-command. IMAP may also be switched off for the account.",
    ),
    (
        ("mail.me.com", "icloud.com"),
        "iCloud takes no usual passwords: make an app-specific password at"
        " https://account.apple.com. The user's name is usually what stands before @icloud.com;"
        " where that isn't taken, the whole address.",
    ),
    (
        ("yahoo.com", "aol.com", "yahoodns.net"),
        "Yahoo and AOL take no usual passwords: make an app password in the security settings of"
        " the account.",
    ),
    (
        ("fastmail.com", "messagingengine.com"),
        "Fastmail takes no usual passwords: make an app password in Settings, Privacy & Security."
        " Not every plan has IMAP.",
    ),
    (
        ("gmx", "web.de"),
        "IMAP has to be switched on in the settings of the web mail first, and with two-factor"
        " authentication it needs an app password.",
    ),
    (
        ("proton.me", "protonmail.com", "protonmail.ch"),
        "Proton speaks IMAP by its program Bridge only, which runs on your own machine and shows"
        " host, port and a password of its own: use these, with --starttls.",
    ),
)

#: By OpenSSL's number of what is wrong with a certificate.
_CERTIFICATES = {
    9: ("isn't valid yet", "Is the clock of this machine right?"),
    10: (
        "has expired",
        "The server's administrator has to renew it. Is this machine's clock right?",
    ),
    18: ("is signed by nobody but itself", ""),
    19: ("comes from an authority that this machine doesn't know", ""),
    20: ("comes from an authority that this machine doesn't know", ""),
    62: ("is for other names", "Use one of its names for HOST; `imaplib2 check` shows them."),
    64: ("is for other addresses", "Use the server's name for HOST; `imaplib2 check` shows it."),
}
_HOW_TO_TRUST = (
    "If the server is your own, trust its authority by --ca-file, or this one certificate by"
    " --fingerprint: the SHA-256 that `imaplib2 check` shows."
)


def explained(problem: BaseException, account: Account) -> Failure:
    """What a *problem* of the connection to *account*'s server is, for people."""
    if isinstance(problem, Failure):
        return problem
    import ssl

    if isinstance(problem, ssl.SSLError):
        return _tls(problem, account)
    if isinstance(problem, InvalidArgument):
        return Failure(f"That can't be sent: {problem}.", "", USAGE)
    if isinstance(problem, error) and problem.type in ("NO", "BAD"):
        text, advice = said(problem)
        return Failure(f"{account.where} says {problem.type}: {text}", advice, PROBLEM)
    return _unreachable(problem, account)


def refused(problem: BaseException, account: Account) -> Failure:
    """The same, of a login. Its status is that of refused credentials only if they were judged."""
    if not isinstance(problem, error) or isinstance(problem, (abort, InvalidArgument)):
        return explained(problem, account)
    if "doesn't show the password" in str(problem):
        return _clear_text(account)
    # Nothing was sent.
    if problem.type is None:
        advice = "If it takes OAuth tokens only, see --token-command."
        return Failure(f"No login at {account.where}: {problem}.", advice, PROBLEM)
    text, advice = said(problem)
    if problem.code in _NOT_ABOUT_USER or advice == _TOO_MANY:
        return Failure(f"No login at {account.where}: {text}", advice, PROBLEM)
    text = f"{account.where} refuses the login of {account.user}: {text}"
    known = phrase_advice(str(problem)) or provider(account.host)
    return Failure(text, known or advice or "Check the user's name and the password.", REFUSED)


def said(problem: error) -> tuple[str, str]:
    """What the server means by the response that is *problem*, and what to do."""
    quoted = f'"{problem.text or problem}"'
    meaning, advice = CODES.get(problem.code or "", ("", ""))
    text = f"{meaning} ({quoted})." if meaning else quoted
    return text, phrase_advice(str(problem)) or advice


def phrase_advice(text: str) -> str:
    """What to do when a server says *text*, by words that are known of some; or nothing."""
    lower = text.lower()
    return next(
        (advice for phrases, advice in _PHRASES if any(phrase in lower for phrase in phrases)), ""
    )


def provider(host: str) -> str:
    """What users of a *host* of a known provider stumble over when they log in; or nothing."""
    dotted = f".{host.lower()}."
    return next(
        (text for names, text in PROVIDERS if any(f".{name}." in dotted for name in names)), ""
    )


def _clear_text(account: Account) -> Failure:
    return Failure(
        f"Nobody logs in at {account.where} without showing the password, and the connection is"
        " not encrypted.",
        "Leave out --plain, or use --starttls. If nobody else is on the way: --allow-clear-text.",
        PROBLEM,
    )


# -- What keeps a connection from being made -------------------------------------------------------


def _tls(problem: ssl.SSLError, account: Account) -> Failure:
    import ssl

    where = account.where
    if isinstance(problem, ssl.SSLCertVerificationError):
        text, advice = certificate(problem)
        return Failure(f"The certificate of {where} {text}.", advice, UNREACHABLE)
    if isinstance(problem, ssl.SSLEOFError) or "is this a port without TLS" in str(problem):
        return Failure(f"{where} doesn't speak TLS.", _without_tls(account), UNREACHABLE)
    if "VERSION" in (problem.reason or "") or "PROTOCOL" in (problem.reason or ""):
        text = f"{where} speaks only old versions of TLS, which are broken: TLS 1.2 is needed."
        return Failure(text, "Its administrator has to update the server.", UNREACHABLE)
    return Failure(f"TLS with {where} fails: {_text(problem)}.", "", UNREACHABLE)


def certificate(problem: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """What is wrong with a certificate, behind its name in a sentence; and what to do."""
    text, advice = _CERTIFICATES.get(
        problem.verify_code, (f"can't be trusted: {printable(problem.verify_message)}", "")
    )
    return text, advice or _HOW_TO_TRUST


def _without_tls(account: Account) -> str:
    if account.security == "starttls":
        return "Something is in the way: the server offers STARTTLS, but doesn't do it."
    if account.port == 993:
        return "Is this an IMAP server? Try --starttls, which uses port 143."
    return "TLS has port 993. If this port is right, use --starttls; on your own machine, --plain."


def _unreachable(problem: BaseException, account: Account) -> Failure:
    where, text = account.where, _text(problem)
    if isinstance(problem, (socket.gaierror, ValueError)) and not isinstance(problem, error):
        return Failure(f"There is no host {account.host}: {text}.", _names(account), UNREACHABLE)
    if phrase := phrase_advice(text):
        return Failure(f"{where}: {text}.", phrase, UNREACHABLE)
    words, advice = _kind(problem, text, account)
    return Failure(f"{words}.", advice, UNREACHABLE)


def _kind(problem: BaseException, text: str, account: Account) -> tuple[str, str]:
    """What has kept a connection from being made, or has ended it; and what to do."""
    where = account.where
    if isinstance(problem, ConnectionRefusedError):
        return f"Nothing listens at {where}", _ports(account)
    if "greeting" in text:
        return f"{where} doesn't greet as a server does: {text}", _about_greeting(account)
    if isinstance(problem, TimeoutError):
        if account.security == "command":
            return (
                f"{where} doesn't answer",
                "The command has begun as it should, and says no more.",
            )
        advice = f"Is the name right, and no firewall in the way? {_ports(account)}"
        return f"{where} doesn't answer", advice
    if "TLS not supported" in text:
        return f"{where} offers no STARTTLS", "Leave it out: TLS from the start has port 993."
    if getattr(problem, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"There is no way to {where}: {text}", "Is this machine online?"
    if "not IMAP4 compliant" in text or "no CAPABILITY" in text:
        return f"{where} is no IMAP server: {text}", _ports(account)
    return f"{where}: {text}", ""


def _text(problem: BaseException) -> str:
    # What is in ours is printable already.
    if isinstance(problem, error):
        return str(problem).rstrip(".")
    if isinstance(problem, OSError) and problem.strerror:
        return printable(problem.strerror).rstrip(".")
    return printable(str(problem)).rstrip(".")


def _names(account: Account) -> str:
    if "proton" in account.host and (known := provider(account.host)):
        return known
    if not set(account.name) & set(".@:"):
        if account.name == account.host:
            return "Nor is there an account of that name in ~/.config/imaplib2/config.toml."
        return f"Look at the host of the account {account.name}, in your config.toml."
    return "Check the name: it is often imap. or mail. before the part behind the @."


def _ports(account: Account) -> str:
    if account.security == "tls" and account.port != 993:
        return "IMAP over TLS has port 993; 143 is for --starttls."
    if account.security == "tls":
        return "Is the name right? Some servers have no port 993, but 143, for --starttls."
    return "Without --starttls and --plain, port 993 is used: try that."


def _about_greeting(account: Account) -> str:
    if account.security == "command":
        return "Try the command by itself: it should begin with * OK or * PREAUTH."
    if account.security in ("starttls", "plain"):
        return "If this is a port for TLS, leave out --starttls and --plain."
    return "Is this an IMAP server?"
