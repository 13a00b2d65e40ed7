"""What a runner says when a run is through."""

import msgspec

from coatcheck.domain.outcome import Ending
from coatcheck.worker.run import ActiveRun


class Ended(msgspec.Struct, frozen=True):
    """A run that has ended: how, and what the function raised, if it did."""

    run: ActiveRun
    ending: Ending
    error: BaseException | None = None
