"""What an application brings to where its jobs are run."""

from dataclasses import dataclass

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock
from coatcheck.operations.registry import Registry
from coatcheck.worker.resources import Resources


@dataclass(frozen=True)
class Workshop:
    """The parts of an application that running a function takes: no store, no routes."""

    registry: Registry
    resources: Resources
    blobs: Blobs
    clock: Clock
