"""How a worker process is told to begin, and says how long it took, on a clock that all processes of a machine share."""

import json
import sys
import time


def await_start() -> tuple[float, float]:
    """Say that everything is ready and wait for a line; the moment, and the processor seconds used until then."""
    print("ready", flush=True)
    sys.stdin.readline()
    return time.perf_counter(), time.process_time()


def tell(begun: float, processor: float) -> None:
    """Print when it began and ended, and the processor seconds used, as JSON."""
    print(json.dumps({"begun": begun, "ended": time.perf_counter(), "processor": time.process_time() - processor}), flush=True)
