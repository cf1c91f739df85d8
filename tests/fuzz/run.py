"""Fuzz the library, guided by coverage, for a time.

    IMAPLIB2_FUZZ_SECONDS=3600 python -m tests.fuzz.run [target ...]

The targets share the time (10 minutes unless told otherwise) equally; without names, all of
``targets.py`` are run. What is found is written to ``tests/fuzz/found/``, where the suite replays
it from then on, and ends the run of that target. IMAPLIB2_FUZZ_CORPUS names a folder that keeps
interesting inputs for the next time. Needs ``atheris``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FOUND = HERE / "found"
#: Seconds that one input may take; a target that needs longer hangs.
SECONDS_PER_INPUT = 10
MEGABYTES = 2048


def main(names: list[str]) -> int:
    """Run the targets *names*, each in a process of its own; the exit code tells of findings."""
    from .targets import TARGETS

    total = float(os.environ.get("IMAPLIB2_FUZZ_SECONDS", "600"))
    wanted = names or [*TARGETS]
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(os.environ.get("IMAPLIB2_FUZZ_CORPUS") or temporary)
        codes = {name: run(name, corpus, total / len(wanted)) for name in wanted}
    failed = [name for name, code in codes.items() if code]
    print(f"findings: {', '.join(failed) or 'none'}", flush=True)
    return 1 if failed else 0


def run(name: str, corpus: Path, seconds: float) -> int:
    """Fuzz the target *name* for some *seconds*; its process's exit code."""
    from . import seeds

    print(f"--- {name}, {seconds:.0f} s", flush=True)
    kept, begin, words = corpus / name, corpus / f"{name}.seeds", corpus / "words"
    seeds.write(name, begin)
    kept.mkdir(exist_ok=True)
    words.write_text(seeds.dictionary(), "ascii")
    FOUND.joinpath(name).mkdir(parents=True, exist_ok=True)
    options = {
        "max_total_time": max(1, int(seconds)),
        "timeout": SECONDS_PER_INPUT,
        "rss_limit_mb": MEGABYTES,
        "dict": words,
        "artifact_prefix": f"{FOUND / name}/",
        "print_final_stats": 1,
    }
    arguments = [f"-{key}={value}" for key, value in options.items()]
    command = [sys.executable, "-m", f"{__package__}.run", "--one", name]
    return subprocess.run([*command, *arguments, str(kept), str(begin)], check=False).returncode


def fuzz(name: str, arguments: list[str]) -> None:
    """Let libFuzzer, which ends the process, run the target *name*."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["imaplib2"]):
        from .targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main(sys.argv[1:]))
