"""A shop with orders of its own in the database of the jobs; run by tests as a process that is killed at the worst moments."""

import os
import signal

from fastapi import FastAPI
from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from coatcheck import Coatcheck, Job

jobs = Coatcheck(lease=2.0)
sessions = async_sessionmaker(create_async_engine(jobs.settings.store.replace("postgresql:", "postgresql+psycopg:")))
app = FastAPI(lifespan=jobs.lifespan)


@jobs.operation("/invoices")
async def invoice(order: str, job: Job) -> str:
    def book(connection: Connection) -> str:
        connection.execute("INSERT INTO invoices VALUES (%s)", [order])
        return f"invoice for {order}"

    return (await job.transaction(book)).value


@app.post("/orders/{order}")
async def take(order: str, end: str) -> str:
    async with sessions() as session:
        await session.execute(text("INSERT INTO orders VALUES (:order)"), {"order": order})
        handle = await invoice.options(connection=session).submit(order)
        if end == "killed before":
            os.kill(os.getpid(), signal.SIGKILL)
        if end == "rolled back":
            await session.rollback()
        else:
            await session.commit()
        if end == "killed after":
            os.kill(os.getpid(), signal.SIGKILL)
    return handle.id


app.include_router(jobs.router)
