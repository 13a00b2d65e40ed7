"""Answers and parameters that many of our routes document alike."""

from coatcheck.http.openapi import path, problem
from coatcheck.http.schemas import Schema

JOB_ID = path("job_id", "The job's id.")
GUARDED: dict[int | str, Schema] = {
    401: problem("No valid credentials.", "WWW-Authenticate"),
    403: problem("The credentials do not allow that."),
    503: problem("The store cannot be reached.", "Retry-After"),
}
LIMITS = ("Retry-After", "RateLimit", "RateLimit-Policy")
LIMITED: dict[int | str, Schema] = {429: problem("You send too many requests.", *LIMITS)}
ON_A_JOB: dict[int | str, Schema] = {
    **GUARDED,
    404: problem("Unknown, malformed, or another owner's; one and the same answer."),
    410: problem("It ended long ago; its record has been removed."),
}
