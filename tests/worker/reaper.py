"""A process above others, for the tests of orphans: `reaper.py VERB PROGRAM`.

It has a child of its own, and below that a session whose leader still runs and has left an orphan. It runs PROGRAM (Python text) as another
until that ends, does VERB (`end`, `reap`) to what it left, and writes as JSON how many processes that were, how many are there
afterwards, and whether its own child and that one's orphan still run.
"""

import json
import subprocess
import sys

from coatcheck.worker import orphans

FAMILY = "setsid sh -c '(sleep 600 & echo $!); exec sleep 600'; true"


def main(verb: str, program: str) -> None:
    """Do what the module says."""
    orphans.adopt()
    with subprocess.Popen(["/bin/sh", "-c", FAMILY], start_new_session=True, stdout=subprocess.PIPE, text=True) as own:
        assert own.stdout is not None
        family = {own.pid, int(own.stdout.readline())}
        subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True)
        left = orphans.children() - family
        getattr(orphans, verb)({own.pid})
        there = orphans.children()
        sys.stdout.write(json.dumps({"left": len(left), "there": len(there - family), "family": family <= there}))
        orphans.end(())
        assert orphans.children() == set()


main(*sys.argv[1:])
