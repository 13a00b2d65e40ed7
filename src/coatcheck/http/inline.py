"""A job together with its result, as far as a representation holds it."""

from msgspec import structs

from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.http.wiring import Wiring
from coatcheck.wire.style import HttpStyle


async def with_inline_result(wiring: Wiring, job: JobRecord, style: HttpStyle) -> JobRecord:
    """The job with its JSON result, where the style shows larger ones than come along with a record."""
    known = job.result
    if job.status is not Status.COMPLETED or known is None or known.complete or known.size > style.inline_limit:
        return job
    return structs.replace(job, result=await wiring.jobs.result_of(job, job.owner))
