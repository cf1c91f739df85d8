"""IMAP4's ways to log in that ``imaplib`` hasn't: SCRAM, OAuth, EXTERNAL, and the best of all.

Each method imports its module when it is called, as most programs use none of them.
"""

from __future__ import annotations

from ._hints import Any
from ._issuing import Issuer
from ._threads.pending import Callback
from ._types import Given, Result, Text


class LoginMethods(Issuer):
    """A method for each mechanism of SASL (RFC 4422) that has something to it.

    A password or token may be a function without arguments, which is asked for it at each call, in
    the caller's thread, before anything is sent.
    """

    def login_scram(
        self,
        user: Text,
        password: Given,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by SCRAM: each side proves that it knows the password, and doesn't show it.

        By the best that is offered of SCRAM-SHA-256 (RFC 7677) and SCRAM-SHA-1 (RFC 5802). With
        TLS, their -PLUS forms also prove that nobody sits in between, by channel binding (RFC
        5929): tls-unique up to TLS 1.2, tls-server-end-point with any. With a server that offers
        -PLUS, but refuses both, SCRAM goes without, and says so: who has TLS verify certificates
        needn't care whether it was the server that has refused.

        *password* is str, bytes in UTF-8, or a function that gives one. Needs the package
        ``scramp``: ``pip install scramp``; else raises ``error``, which is an ImportError, too.
        Raises ``error`` with the server's text on NO, or when it offers no SCRAM or breaks its
        rules; ``abort``, and the connection is over, when the server doesn't prove itself.

        >>> M.login_scram("fred", "secret")
        ('OK', [b'welcome'])
        """
        from ._sasl.scram import login_scram

        return login_scram(self, user, password, callback, cb_arg)

    def login_xoauth2(
        self,
        user: Text,
        token: Given,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by an OAuth access token and XOAUTH2, which Google and Microsoft have.

        *token* is str, bytes, or a function that gives one: tokens last for an hour, perhaps. It is
        shown to the server, and without TLS to everybody.
        Raises ``error`` with the server's text on NO; its ``challenge`` is the JSON object by which
        the server has told more, such as ``{'status': '400', 'scope': '...'}``, as a dict of str.
        There is no RFC; OAUTHBEARER is what came of it (RFC 7628, see `login_oauthbearer`).

        >>> def token():
        ...     return "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg"
        >>> M.login_xoauth2("fred@example.org", token)
        ('OK', [b'welcome'])
        """
        from ._sasl.oauth import login_xoauth2

        return login_xoauth2(self, user, token, callback, cb_arg)

    def login_oauthbearer(
        self,
        user: Text,
        token: Given,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by an OAuth access token and OAUTHBEARER (RFC 7628).

        *user* may be ``""`` where the token says who it is. The rest is as of `login_xoauth2`; in
        ``challenge`` stand ``status``, ``scope`` and ``openid-configuration``.

        >>> M.login_oauthbearer("fred@example.org", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg")
        ('OK', [b'welcome'])
        """
        from ._sasl.oauth import login_oauthbearer

        return login_oauthbearer(self, user, token, callback, cb_arg)

    def login_external(
        self, user: Text = "", *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Log in as whom the server knows us already: by our certificate in TLS (RFC 4422, app. A).

        *user* is on whose behalf, if that is somebody else. Raises as `login_plain`.

        >>> M.login_external()
        ('OK', [b'welcome'])
        """
        from ._sasl.external import login_external

        return login_external(self, user, callback, cb_arg)

    def login_best(
        self,
        user: Text,
        password: Given,
        *,
        allow_clear_text: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by a password, in the best way that the server offers (RFC 8314, RFC 4422).

        That is SCRAM, as of `login_scram`, if the package ``scramp`` is there; then PLAIN, CRAM-MD5
        and LOGIN. PLAIN and LOGIN show the password: they are used with TLS, by `IMAP4_stream`,
        where *host* and the peer's address are of this machine (a proxy's alone is not enough), and
        where *allow_clear_text* is true.

        When the server refuses a mechanism (BAD; NO before it could judge the password, or with
        CANNOT or PRIVACYREQUIRED, RFC 5530), the next one is tried. When it refuses user and
        password, or doesn't prove itself, none is. Raises as `login_scram`, and ``error`` without
        sending anything when nothing is left to be tried. With *callback*, commands that rely on
        the login are issued by that: behind a refused mechanism they would fail.

        >>> M.login_best("fred", "secret")
        ('OK', [b'welcome'])
        """
        from ._sasl.best import login_best

        return login_best(self, user, password, allow_clear_text, callback, cb_arg)
