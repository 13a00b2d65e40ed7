"""What the routes of a job's events say of themselves."""

from coatcheck.http.documented import JOB_ID, LIMITED, ON_A_JOB
from coatcheck.http.endpoint import Documentation
from coatcheck.http.history import Row
from coatcheck.http.openapi import answer, header, page_of, problem, query, shape
from coatcheck.http.schemas import Schema
from coatcheck.http.ticket import LIFETIME, Ticket
from coatcheck.wire.sse import MEDIA_TYPE

_STREAM: Schema = {
    "description": "Server-sent events: `id` is the event's number, `data` the job as of then. `event: log`: `{level, message, at}`.",
    "type": "string",
}


def events() -> Documentation:
    """`GET /jobs/{job_id}/events`."""
    page = answer(
        "A page of its events, oldest first; or, where that is asked for, a stream.", page_of(shape(Row, "Event")), "Link", "Vary"
    )
    return Documentation(
        summary="What happened to a job, and what happens",
        description=(
            "The history, a page at a time. With `Accept: text/event-stream`, or over a WebSocket, what happens while it happens: first "
            "how the job stands, or what a client that comes back has missed; then each event; the end with the job's."
        ),
        responses={
            **ON_A_JOB,
            **LIMITED,
            200: page | {"content": page["content"] | {MEDIA_TYPE: {"schema": _STREAM}}},
            204: answer("Of a stream: the client has seen the end.", None, "Vary"),
            400: problem("A query parameter cannot be read."),
            503: problem("The store cannot be reached, or too many streams are open.", "Retry-After"),
        },
        parameters=[
            JOB_ID,
            query("after", "Only events numbered above this.", type="integer", minimum=0, maximum=2**53, default=0),
            query("limit", "Events on a page.", type="integer", minimum=1, maximum=1000, default=100),
            query("ticket", "In place of credentials, for a stream.", type="string"),
            header("Last-Event-ID", "Of a stream: number of the last event that the client has."),
        ],
    )


def ticket() -> Documentation:
    """`POST /jobs/{job_id}/events/ticket`."""
    return Documentation(
        summary="A URL that lets its bearer follow a job",
        description=f"For an EventSource or a WebSocket, which send no credentials of the page's choice. It counts for {LIFETIME} seconds.",
        status=201,
        responses={
            **ON_A_JOB,
            **LIMITED,
            201: answer("The URL.", shape(Ticket)),
            501: problem("The application has no secret to sign it with."),
        },
        parameters=[JOB_ID],
    )
