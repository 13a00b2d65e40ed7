"""Clients for any application that speaks the Coatcheck contract: `Client` blocks, `AsyncClient` awaits.

    with Client("https://api.example.com") as api:
        job = api.submit("/reports", json={"year": 2024})
        for update in job:
            print(update.percent_complete)
        report = job.result()

Installed with `pip install 'coatcheck[client]'`; it imports no server code.
"""

try:
    import httpx2 as _httpx2  # noqa: F401
except ImportError as error:
    raise ImportError("coatcheck.client needs httpx2: pip install 'coatcheck[client]'.") from error

from coatcheck.client.asynchronous import AsyncClient, AsyncJob
from coatcheck.client.blocking import Client, Job
from coatcheck.client.errors import ApiError, Unreachable
from coatcheck.client.history import LogLine
from coatcheck.errors import JobCancelled, JobFailed

__all__ = ["ApiError", "AsyncClient", "AsyncJob", "Client", "Job", "JobCancelled", "JobFailed", "LogLine", "Unreachable"]
