"""What a runner says when a run is through."""

from dataclasses import dataclass

from coatcheck.domain.outcome import Ending
from coatcheck.worker.run import ActiveRun


@dataclass(frozen=True)
class Ended:
    """A run that has ended: how, and what the function raised, if it did."""

    run: ActiveRun
    ending: Ending
    error: BaseException | None = None
