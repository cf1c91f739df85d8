"""One sample: what runs in the new process. The request comes as JSON, and so goes the answer."""

from __future__ import annotations

import json
from typing import Any

from .libraries import Address, client_class
from .run import Run
from .workloads import WORKLOADS


def take(request: dict[str, Any]) -> dict[str, Any]:
    """Run a workload once.

    *request*: ``library``, ``workload``, ``size``, ``address`` (the fields of `Address`) and
    ``control`` (a port, or None). The answer has ``metrics``, ``right`` and ``expected``; it is
    empty when the library lacks an operation.
    """
    workload = WORKLOADS[request["workload"]]
    make = client_class(request["library"])
    able = all(hasattr(make, need) for need in workload.needs)
    if not able or (workload.tls and not make.encrypts):
        return {}
    run = Run(
        make=make,
        address=Address(**request["address"]),
        size=request["size"],
        mailbox=workload.mailbox.format(size=request["size"]),
        compress=workload.compress,
        user=workload.user,
        control_port=request["control"],
    )
    workload.work(run)
    return {"metrics": run.metrics, "right": run.right, "expected": run.expected}


def main(request: str) -> None:
    """Print the answer."""
    print(json.dumps(take(json.loads(request))), flush=True)
