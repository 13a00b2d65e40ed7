"""A service of its own that is told by webhook which reports are ready. Each message counts once, however often it comes.

    uvicorn fastapi_receiver:app --port 8700
    coatcheck webhooks add http://127.0.0.1:8700/hooks

The second prints the secret, which belongs into this service's environment as WEBHOOK_SECRET.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request

from coatcheck.client.inbox import Inbox
from coatcheck.client.webhooks import Message, Unverified, verify

inbox = Inbox()


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect("reports.db", timeout=30)
    try:
        with db:
            yield db
    finally:
        db.close()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    with transaction() as db:
        inbox.create(db)
        db.execute("CREATE TABLE IF NOT EXISTS reports (job TEXT, url TEXT)")
    yield


async def verified(request: Request) -> Message:
    try:
        return verify(await request.body(), request.headers, os.environ["WEBHOOK_SECRET"])
    except Unverified as error:
        raise HTTPException(400, str(error)) from error


app = FastAPI(lifespan=lifespan)


@app.post("/hooks", status_code=204)
def hook(message: Annotated[Message, Depends(verified)]) -> None:
    with transaction() as db:
        if inbox.take(db, message) and message.type == "job.completed":
            db.execute("INSERT INTO reports VALUES (?, ?)", (message.job.job_id, message.job.result_url))


@app.get("/reports")
def reports() -> list[str]:
    with transaction() as db:
        return [url for (url,) in db.execute("SELECT url FROM reports")]
