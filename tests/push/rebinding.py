"""A world of its own for the guard: run in private network and mount namespaces, with a name server that lies.

    unshare --mount --net python -m tests.push.rebinding RESOLV_CONF

Prints, as JSON, what came of a message to each name, how often the name was asked for, and which listeners saw a connection.
The world has loopback, and on it a public address, a private one and a cloud's metadata address, each with a listener.
"""

import asyncio
import fcntl
import json
import socket
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import cast

from coatcheck.clock import SystemClock
from coatcheck.push.send import Sender
from coatcheck.push.target import Guard

PUBLIC, PRIVATE, METADATA, LOOPBACK = "93.184.216.34", "10.0.0.5", "169.254.169.254", "127.0.0.1"
PORT = 8443
A, CNAME, AAAA = 1, 5, 28
_SIOCSIFADDR, _SIOCSIFFLAGS, _UP = 0x8916, 0x8914, 0x1 | 0x40

Record = tuple[int, str]
ZONE: dict[str, list[list[Record]]] = {
    "public.example": [[(A, PUBLIC)]],
    "rebinding.example": [[(A, PUBLIC)], [(A, LOOPBACK)]],
    "private.example": [[(A, PRIVATE)]],
    "metadata.example": [[(A, METADATA)]],
    "mixed.example": [[(A, PUBLIC), (A, LOOPBACK)]],
    "mixed-families.example": [[(A, PUBLIC), (AAAA, "::1")]],
    "mapped.example": [[(AAAA, "::ffff:127.0.0.1")]],
    "nat64.example": [[(AAAA, "64:ff9b::7f00:1")]],
    "alias.example": [[(CNAME, "private.example")]],
    "many.example": [[(A, f"93.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(4_000)]],
    "empty.example": [[]],
}
"""What each name leads to, at the first question about it, the second, and so on, the last for good."""


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP and TCP, with a time to live of 0."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        """Questions by name, A and AAAA of one look-up counted as one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data)
        if len(answer) > 512:  # too long for UDP: truncated, to be asked for over TCP
            answer = answer[:2] + struct.pack("!HHHHH", 0x8780, 1, 0, 0, 0) + _question(data)
        self._transport.sendto(answer, addr)

    async def over_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                answer = self._answer(await reader.readexactly(size))
                writer.write(struct.pack("!H", len(answer)) + answer)
        except asyncio.IncompleteReadError:
            writer.close()

    def _answer(self, query: bytes) -> bytes:
        question = _question(query)
        name, kind = _name(question), struct.unpack("!H", question[-4:-2])[0]
        if kind == A:
            self.asked[name] += 1
        answers = ZONE.get(name, [[]])
        present = answers[min(max(self.asked[name], 1), len(answers)) - 1]
        records = [record for record in _with_aliases(present) if record[0] in (kind, CNAME)]
        body = b"".join(_record(b"\xc0\x0c" if owner == name else _wire(owner), record) for owner, record in _owned(name, records))
        return query[:2] + struct.pack("!HHHHH", 0x8580, 1, len(records), 0, 0) + question + body


def _with_aliases(records: list[Record]) -> list[Record]:
    return [found for record in records for found in ([record, *ZONE[record[1]][0]] if record[0] == CNAME else [record])]


def _question(query: bytes) -> bytes:
    return query[12 : query.index(b"\0", 12) + 5]


def _name(question: bytes) -> str:
    labels, position = [], 0
    while size := question[position]:
        labels.append(question[position + 1 : position + 1 + size].decode())
        position += 1 + size
    return ".".join(labels).lower()


def _wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _owned(name: str, records: list[Record]) -> list[tuple[str, Record]]:
    """Whom each record is about: the name, and from an alias on what that leads to."""
    owned, owner = [], name
    for record in records:
        owned.append((owner, record))
        owner = record[1] if record[0] == CNAME else owner
    return owned


def _record(owner: bytes, record: Record) -> bytes:
    kind, value = record
    data = _wire(value) if kind == CNAME else socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, value)
    return owner + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def bring_up(*addresses: str) -> None:
    """Switch loopback on, with these addresses beside its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for number, address in enumerate(addresses):
            interface = f"lo:{number}".encode() if number else b"lo"
            fcntl.ioctl(control, _SIOCSIFADDR, struct.pack("16sHH4s8x", interface, socket.AF_INET, 0, socket.inet_aton(address)))
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", interface, _UP))


def ask_us(resolv_conf: Path) -> None:
    """Have names looked up at our server."""
    resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", resolv_conf, "/etc/resolv.conf"], check=True)  # noqa: S607  wherever it is


async def told() -> dict[str, object]:
    """What comes of a message to each name."""
    server, seen = NameServer(), Counter[str]()
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, (LOOPBACK, 53))
    await asyncio.start_server(server.over_tcp, LOOPBACK, 53)

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen[writer.get_extra_info("sockname")[0]] += 1
        writer.close()

    for address in (LOOPBACK, PUBLIC, PRIVATE, METADATA):
        await asyncio.start_server(connected, address, PORT)
    sender, told = Sender(Guard(), SystemClock()), dict[str, object]()
    for name in [*ZONE, "rebinding.example"]:
        seen.clear()
        exchange = await sender.send(f"https://{name}:{PORT}/hook", {}, b"{}")
        told[f"{name} again" if name in told else name] = {"error": exchange.error, "asked": server.asked[name], "seen": dict(seen)}
    await sender.close()
    return told


if __name__ == "__main__":
    bring_up(LOOPBACK, PUBLIC, PRIVATE, METADATA)
    ask_us(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(asyncio.run(told())))
