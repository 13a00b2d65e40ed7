"""Tells events to all who watch, with what Starlette and asyncio have and nothing else."""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

_PADDING = "x" * 900
_told = asyncio.Condition()
_frames: list[bytes] = [b"id: 0\ndata: {}\n\n"]


async def begin(_: Request) -> Response:
    return JSONResponse({"events": "/events"})


async def tell(request: Request) -> Response:
    number = request.query_params["number"]
    async with _told:
        _frames.append(f'id: {len(_frames)}\ndata: {{"padding":"{_PADDING}","message":"said {number}"}}\n\n'.encode())
        _told.notify_all()
    return Response(status_code=204)


async def events(_: Request) -> Response:
    async def frames() -> AsyncIterator[bytes]:
        seen = 0
        while True:
            async with _told:
                while len(_frames) == seen:
                    await _told.wait()
            for frame in _frames[seen:]:
                yield frame
            seen = len(_frames)

    return StreamingResponse(frames(), media_type="text/event-stream")


app = Starlette(routes=[Route("/begin", begin, methods=["POST"]), Route("/tell", tell, methods=["POST"]), Route("/events", events)])
