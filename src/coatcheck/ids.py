"""Identifiers: time-ordered UUIDs for jobs (RFC 9562 §5.7), random ones for webhooks.

A job id is no secret (RFC 9562 §8): who may see a job is decided by its owner.
"""

import os
import re

import uuid_utils

_JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)

_ENDPOINT_ID = re.compile(r"ep_[0-9a-f]{32}", re.ASCII)
_MESSAGE_ID = re.compile(r"msg_[0-9a-f]{32}", re.ASCII)


def new_job_id() -> str:
    """A new UUIDv7 in its canonical text form."""
    return str(uuid_utils.uuid7())


def is_job_id(text: str) -> bool:
    """Whether `text` has the canonical form of a job id. Asked before any look-up."""
    return _JOB_ID.fullmatch(text) is not None


def new_endpoint_id() -> str:
    """A new id of an endpoint that webhooks are sent to."""
    return f"ep_{os.urandom(16).hex()}"


def is_endpoint_id(text: str) -> bool:
    """Whether `text` has the form of an endpoint's id."""
    return _ENDPOINT_ID.fullmatch(text) is not None


def new_message_id() -> str:
    """A new id of a webhook's message."""
    return f"msg_{os.urandom(16).hex()}"


def is_message_id(text: str) -> bool:
    """Whether `text` has the form of a message's id."""
    return _MESSAGE_ID.fullmatch(text) is not None
