"""What a certificate says."""

from __future__ import annotations

from imaplib2._cli.checking.certificates import days_left, read
from imaplib2._clock import Clock

FIELDS = {
    "subject": ((("countryName", "DE"),), (("commonName", "mail.example.org"), ("x", "y"))),
    "issuer": ((("organizationName", "Example"),),),
    "subjectAltName": (("DNS", "mail.example.org"), ("IP Address", "192.0.2.1")),
    "notBefore": "Jan  1 00:00:00 2026 GMT",
    "notAfter": "Jan 11 00:00:00 2026 GMT",
}
SHA256_OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


def test_read() -> None:
    certificate = read(b"x", FIELDS)
    assert certificate == (
        SHA256_OF_X,
        "x=y, CN=mail.example.org, C=DE",
        "O=Example",
        ("mail.example.org", "192.0.2.1"),
        1767225600.0,
        1768089600.0,
    )


def test_of_one_that_cannot_be_read_the_fingerprint_is_known() -> None:
    certificate = read(b"x", {})
    assert certificate == (SHA256_OF_X, None, None, None, None, None)
    assert days_left(certificate) is None


def test_days_left() -> None:
    certificate = read(b"x", {**FIELDS, "notBefore": None})
    assert certificate.not_before is None
    for days in (10, 0, -3):
        later = certificate._replace(not_after=Clock.wall() + days * 86400 + 60)
        assert days_left(later) == days
