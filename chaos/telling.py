"""An application with a job that tells a long story."""

from coatcheck import Coatcheck, Job
from coatcheck.clock import SystemClock

jobs = Coatcheck(poll_rate="none")


@jobs.operation("/stories", timeout=None)
async def story(lines: int, pause: float, length: int, job: Job) -> int:
    """Say so many lines of that length, with so many seconds between them."""
    clock = SystemClock()
    for number in range(lines):
        job.log("x" * length)
        job.progress(100 * number / lines)
        await clock.sleep(pause)
    return lines
