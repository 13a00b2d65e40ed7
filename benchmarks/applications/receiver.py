"""A receiver of webhooks that answers at once: `python -m benchmarks.applications.receiver PORT`. The bytes of `hang` in a path: never."""

import asyncio
import sys
from typing import cast

import uvloop


class Receiver(asyncio.Protocol):
    """As little HTTP as it takes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._buffer = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            if not head.startswith(b"post /hang"):
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
