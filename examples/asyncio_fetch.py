"""From asyncio: fetch 200 headers at once, give up one of them, and bound the time of all."""

import asyncio
import email
import email.policy
import os
import sys

import imaplib2


def connect() -> imaplib2.IMAP4:
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    return M


async def fetch(M: imaplib2.IMAP4, number: int) -> str:
    """The subject of a message."""
    # submit() returns at once, and never blocks the event loop.
    future = M.submit(M.fetch, number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    typ, data = await asyncio.wrap_future(future)
    part = data[0]
    if typ != "OK" or not isinstance(part, tuple):
        raise LookupError(f"message {number}: {typ} {data!r}")
    return email.message_from_bytes(part[1], policy=email.policy.default)["Subject"]


async def work(M: imaplib2.IMAP4, seconds: float) -> None:
    await asyncio.wrap_future(M.submit(M.select, "INBOX", readonly=True))
    tasks = [asyncio.create_task(fetch(M, number)) for number in range(1, 201)]
    # Let them send; what isn't sent when it is cancelled never is, and else the answer is dropped.
    await asyncio.sleep(0)
    tasks[99].cancel()
    subjects = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    fetched = [subject for subject in subjects if isinstance(subject, str)]
    print(f"fetched {len(fetched)} of {len(subjects)}, from {fetched[0]!r} to {fetched[-1]!r}")
    print(f"message 100: {type(subjects[99]).__name__}")

    # The time-out cancels the future, and that ends the IDLE: the connection goes on.
    try:
        await asyncio.wait_for(asyncio.wrap_future(M.submit(M.idle)), seconds)
        print("something has happened")
    except asyncio.TimeoutError:
        print(f"nothing has happened for {seconds:g} seconds")
    typ, _ = await asyncio.wrap_future(M.submit(M.noop))
    print(f"and the connection is {typ}")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with connect() as M:
        asyncio.run(work(M, seconds))


if __name__ == "__main__":
    main()
