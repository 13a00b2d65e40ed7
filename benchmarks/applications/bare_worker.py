"""The bare bound's worker, claiming and finishing in batches of 100: `python -m … [once]`.

With `once` it stops when there is nothing left, and prints the seconds it took.
"""

import os
import sys
import time

from benchmarks.applications.bare import drain

IDLE = 0.002

if __name__ == "__main__":
    begun = time.perf_counter()
    while True:
        drain(os.environ["BENCHMARK_FILE"])
        if "once" in sys.argv:
            print(time.perf_counter() - begun)
            break
        time.sleep(IDLE)
