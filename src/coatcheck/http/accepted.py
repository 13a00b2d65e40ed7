"""The answer to a request that will be worked on."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from starlette.responses import Response

R = TypeVar("R")


class Accepted(Response, Generic[R]):
    """202 (RFC 9110 §15.3.3): the job is durable; `Location` says where to follow it.

    200 where an `Idempotency-Key` led to a job that has ended already. Where a job ends inside its window (`sync_window`,
    `Prefer: wait`), its result stands in this answer's place. `R` is the type of the result, for the reader and the type checker:

        @app.post("/reports", status_code=202)
        async def create(request: ReportRequest, user: User = Depends(current_user)) -> Accepted[Report]:
            return await sales_report.accept(request, owner=user.id)
    """

    media_type = "application/json"

    if not TYPE_CHECKING:  # FastAPI takes a return annotation for a model to validate against unless it is a Response class

        def __class_getitem__(cls, result: Any) -> type["Accepted"]:
            return cls
