"""The bare bound's worker, claiming and finishing in batches of 100: `python -m … [once]`.

With `once` it begins when told, stops when there is nothing left, and says when both were.
"""

import os
import sys
import time

from benchmarks.applications.stopwatch import await_start, tell
from benchmarks.databases import bare

IDLE = 0.002

if __name__ == "__main__":
    url = os.environ["BENCHMARK_STORE"]
    drain = bare(url).drain
    if "once" in sys.argv:
        begun, processor = await_start()
        drain(url)
        tell(begun, processor)
    while "once" not in sys.argv:
        drain(url)
        time.sleep(IDLE)
