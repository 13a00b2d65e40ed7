"""The application whose webhooks are stormed."""

from typing import Any

from coatcheck import Coatcheck, Job

TARGET = "chaos.hurried:jobs"


def application(**settings: Any) -> Coatcheck:
    """The application with these settings, beside those of the environment."""
    made = Coatcheck(**settings)

    @made.operation("/quick")
    async def quick(job: Job) -> int:
        """Nothing that takes time."""
        return job.attempt

    return made


jobs = application()
