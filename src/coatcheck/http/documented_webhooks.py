"""What the routes of webhooks say of themselves, and what a message looks like to whom it is sent."""

from typing import Any

from coatcheck.domain.delivery import DeliveryStatus
from coatcheck.domain.endpoint import ENDINGS
from coatcheck.http.deliveries import Sending
from coatcheck.http.documented import GUARDED, JOB_ID, LIMITED, ON_A_JOB
from coatcheck.http.endpoint import Documentation
from coatcheck.http.openapi import answer, header, in_words, job, page_of, path, problem, query, shape
from coatcheck.http.schemas import Schema, written_out
from coatcheck.http.webhook_secret import NewOwnerSecret, OwnerSecret
from coatcheck.http.webhooks import Change, Registration, Rotation, Webhook, WebhookWithSecret
from coatcheck.operations.operation import Operation
from coatcheck.operations.parameters import WEBHOOK_URL
from coatcheck.operations.schemas import schema_of
from coatcheck.wire import signatures
from coatcheck.wire.style import HttpStyle

_WEBHOOK_ID = path("webhook_id", "The webhook's id.")
_UNKNOWN = problem("Unknown, malformed, or another owner's; one and the same answer.")
_NOT_SET_UP = problem("The application has not set webhooks up; `detail` says what is missing.")
_FULL = problem("As many secrets are in force as may be.")
_REFUSED = problem("The body is not what is taken here, or nothing is sent to that URL.")
_READING: dict[int | str, Schema] = {**GUARDED, **LIMITED}
_WRITING: dict[int | str, Schema] = {
    **_READING,
    400: problem("The body is not well-formed."),
    408: problem("The body did not come in time."),
    413: problem("The body is too large."),
    415: problem("The body has another media type than those taken, or a content encoding.", "Accept", "Accept-Encoding"),
    422: _REFUSED,
    501: _NOT_SET_UP,
}
_PAGING = [
    query("status", "Only deliveries that stand so.", type="string", enum=[*DeliveryStatus]),
    query("limit", "Deliveries on a page.", type="integer", minimum=1, maximum=200, default=50),
    query("cursor", "Where the page begins; taken from the `next` link.", type="string", pattern="^[0-9a-f]{32}$"),
]


def listing() -> Documentation:
    """`GET /webhooks`."""
    return _of("Your webhooks", {**_READING, 200: answer("All of them, oldest first.", page_of(shape(Webhook)))})


def register() -> Documentation:
    """`POST /webhooks`."""
    responses: dict[int | str, Schema] = {
        **_WRITING,
        201: answer("Registered; `secret` is shown this once.", shape(WebhookWithSecret), "Location"),
        409: problem("You have as many as you may."),
    }
    return _of("Be told of your jobs", responses, status=201, body=Registration)


def show() -> Documentation:
    """`GET /webhooks/{webhook_id}`."""
    return _of("One of your webhooks", {**_READING, 200: answer("It.", shape(Webhook)), 404: _UNKNOWN}, parameters=[_WEBHOOK_ID])


def change() -> Documentation:
    """`PATCH /webhooks/{webhook_id}`."""
    responses = {**_WRITING, 200: answer("As it is then.", shape(Webhook)), 404: _UNKNOWN}
    return _of("Change a webhook, disable or enable it", responses, parameters=[_WEBHOOK_ID], body=Change)


def remove() -> Documentation:
    """`DELETE /webhooks/{webhook_id}`."""
    responses = {**_READING, 204: answer("It is no more; what was owed to it is not sent."), 404: _UNKNOWN}
    return _of("Remove a webhook", responses, status=204, parameters=[_WEBHOOK_ID])


def rotate() -> Documentation:
    """`POST /webhooks/{webhook_id}/rotate`."""
    responses = {
        **_WRITING,
        200: answer("With its new `secret`, which is shown this once.", shape(WebhookWithSecret)),
        404: _UNKNOWN,
        409: _FULL,
    }
    return _of("Give a webhook a new secret", responses, parameters=[_WEBHOOK_ID], body=Rotation)


def test() -> Documentation:
    """`POST /webhooks/{webhook_id}/test`."""
    responses: dict[int | str, Schema] = {
        **_READING,
        202: answer("A message of type `webhook.test` is on its way.", shape(Sending, "Delivery")),
        404: _UNKNOWN,
        409: problem("It is disabled."),
        501: _NOT_SET_UP,
    }
    return _of("Try a webhook", responses, status=202, parameters=[_WEBHOOK_ID])


def secret() -> Documentation:
    """`GET /webhooks/secret`."""
    return _of(f"Whether you have a secret for {WEBHOOK_URL}", {**_READING, 200: answer("Since when.", shape(OwnerSecret))})


def renew_secret() -> Documentation:
    """`POST /webhooks/secret`."""
    responses = {**_WRITING, 201: answer("Made; `secret` is shown this once.", shape(NewOwnerSecret)), 409: _FULL}
    return _of(f"Make the secret that messages to a {WEBHOOK_URL} are signed with, or a new one", responses, status=201, body=Rotation)


def deliveries() -> Documentation:
    """`GET /deliveries`."""
    return _of("What was sent of your jobs", {**_READING, **_page()}, parameters=_PAGING)


def deliveries_of_job() -> Documentation:
    """`GET /jobs/{job_id}/deliveries`."""
    return _of("What was sent of a job", {**ON_A_JOB, **LIMITED, **_page()}, parameters=[JOB_ID, *_PAGING])


def redeliver() -> Documentation:
    """`POST /jobs/{job_id}/deliveries/{delivery_id}/redeliver`."""
    responses: dict[int | str, Schema] = {
        **ON_A_JOB,
        **LIMITED,
        202: answer("It is sent again, under the same `webhook-id`.", shape(Sending, "Delivery")),
        409: problem("The webhook that it was for is disabled, or was removed."),
        501: _NOT_SET_UP,
    }
    parameters = [JOB_ID, path("delivery_id", "The delivery's id.")]
    return _of("Send a message again", responses, status=202, parameters=parameters)


def callbacks(operation: Operation[..., Any], style: HttpStyle) -> Schema:
    """OpenAPI's callbacks: what is posted to the URL that came with a request."""
    shown = job(style, operation)
    event: Schema = {
        "title": f"{in_words(operation.name)}Event",
        "description": "How a job ended.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": sorted(ENDINGS)},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it ended."},
            "data": shown,
        },
    }
    message: Schema = {
        "post": {
            "summary": "A job has ended",
            "description": "Standard Webhooks 1.0. It comes again, under the same `webhook-id`, until it is answered with a 2xx.",
            "parameters": [
                header(signatures.ID, "The same each time this message is sent.", required=True),
                header(signatures.TIMESTAMP, "When it was sent, in seconds since the epoch.", required=True),
                header(
                    signatures.SIGNATURE,
                    "`v1,` and the base64 of an HMAC-SHA256 by your secret; several have blanks between.",
                    required=True,
                ),
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": event if style.webhook_body == "event" else shown}},
            },
            "responses": {"2XX": {"description": "Taken."}, "default": {"description": "Not taken; it is sent again later."}},
        }
    }
    places = [f"{{$request.query.{WEBHOOK_URL}}}", *([] if operation.parameters.files else [f"{{$request.body#/{WEBHOOK_URL}}}"])]
    return {"ended": dict.fromkeys(places, message)}


def webhook_url(place: str) -> Schema:
    """What a request says of whom to tell: a query parameter, or a member of its body."""
    about = "Told how the job ended, by a message signed with your own secret (`POST /webhooks/secret`)."
    if place == "query":
        return query(WEBHOOK_URL, about, type="string", format="uri", maxLength=2048)
    return {"anyOf": [{"type": "string", "format": "uri", "maxLength": 2048}, {"type": "null"}], "default": None, "description": about}


def _page() -> dict[int | str, Schema]:
    return {
        200: answer("A page of messages, newest first, each with its attempts.", page_of(shape(Sending, "Delivery")), "Link"),
        400: problem("A query parameter cannot be read."),
    }


def _of(summary: str, responses: dict[int | str, Schema], *, body: type | None = None, **more: Any) -> Documentation:
    if body is not None:
        schema = written_out(*schema_of(body))
        more["request_body"] = {"required": bool(schema.get("required")), "content": {"application/json": {"schema": schema}}}
    return Documentation(summary=summary, tag="webhooks", responses=responses, **more)
