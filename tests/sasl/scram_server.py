"""The server's side of SCRAM (RFC 5802, section 3), without the package that the client uses."""

from __future__ import annotations

import base64
import hashlib
import hmac

SALT = bytes(range(16))
ROUNDS = 4096


class ScramServer:
    """One exchange: what the server says, and what it has found out about the client."""

    def __init__(
        self,
        mechanism: str = "SCRAM-SHA-256",
        password: str = "secret",
        *,
        rounds: int = ROUNDS,
        nonce: str = "and-the-server-s",
        binding: tuple[str, bytes] | None = None,
    ) -> None:
        self._hash = mechanism.removesuffix("-PLUS").removeprefix("SCRAM-").replace("-", "").lower()
        self._salted = hashlib.pbkdf2_hmac(self._hash, password.encode(), SALT, rounds)
        self._rounds = rounds
        self._suffix = nonce
        self._binding = binding
        self.header = ""
        """What the client says of channel binding: `n,,`, `y,,` or `p=type,,`."""
        self.user = ""

    def first(self, client_first: bytes) -> bytes:
        """The first message, to the client's first."""
        flag, identity, bare = client_first.decode().split(",", 2)
        self.header = f"{flag},{identity},"
        name, nonce = bare.split(",")
        self.user = name.removeprefix("n=").replace("=2C", ",").replace("=3D", "=")
        self._bare = bare
        self._nonce = nonce.removeprefix("r=") + self._suffix
        salt = base64.b64encode(SALT).decode()
        self._first = f"r={self._nonce},s={salt},i={self._rounds}"
        return self._first.encode()

    def final(self, client_final: bytes) -> bytes:
        """The final message, to the client's final: a signature, or an error."""
        without_proof, _, proof = client_final.decode().rpartition(",p=")
        binding = b"" if self._binding is None else self._binding[1]
        expected = base64.b64encode(self.header.encode() + binding).decode()
        if without_proof != f"c={expected},r={self._nonce}":
            return b"e=channel-bindings-dont-match"
        message = f"{self._bare},{self._first},{without_proof}".encode()
        signature = self._hmac(hashlib.new(self._hash, self._key(b"Client Key")).digest(), message)
        key = bytes(a ^ b for a, b in zip(signature, base64.b64decode(proof), strict=True))
        if key != self._key(b"Client Key"):
            return b"e=invalid-proof"
        return b"v=" + base64.b64encode(self._hmac(self._key(b"Server Key"), message))

    def _key(self, name: bytes) -> bytes:
        return self._hmac(self._salted, name)

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)
