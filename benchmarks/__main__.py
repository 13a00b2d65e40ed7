"""`python -m benchmarks [MEASUREMENT …]`: measure, print, and keep the readings as JSON where `--json` says."""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import apsw

from benchmarks import completed, drain, pickup, submit
from benchmarks.reading import Reading


def main() -> None:
    """Run the measurements named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", help="submit, completed, drain, pickup (default: all)")
    parser.add_argument("--jobs", type=int, default=20_000, help="requests and jobs of a measurement (default: 20000)")
    parser.add_argument("--finished", type=int, default=100_000, help="finished jobs in the file that is not empty (default: 100000)")
    parser.add_argument("--json", type=Path, help="write the readings to this file")
    options = parser.parse_args()
    measurements: dict[str, Callable[[Path], Iterator[Reading]]] = {
        "submit": lambda directory: submit.measure(directory, requests=options.jobs, finished=options.finished),
        "completed": lambda directory: completed.measure(directory, jobs=options.jobs // 4),
        "drain": lambda directory: drain.measure(directory, jobs=options.jobs, finished=options.finished),
        "pickup": lambda directory: pickup.measure(directory, jobs=options.jobs // 20),
    }
    if unknown := set(options.measurements) - measurements.keys():
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    readings = []
    for name in options.measurements or measurements:
        with tempfile.TemporaryDirectory(prefix="coatcheck-benchmark-") as directory:
            for reading in measurements[name](Path(directory)):
                print(reading, flush=True)
                readings.append(asdict(reading))
    if options.json:
        machine = {"python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(), "processors": os.cpu_count()}
        options.json.write_text(json.dumps({"machine": machine, "readings": readings}, indent=2) + "\n")


if __name__ == "__main__":
    main()
