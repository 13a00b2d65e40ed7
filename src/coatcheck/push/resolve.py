"""Looking names up, so that a name server that hangs holds up nobody else."""

import asyncio
import socket
import threading
from contextlib import suppress

MAX_ADDRESSES = 32
"""Addresses that a name may have; one with more is no receiver."""
MAX_LOOKUPS = 100
"""Look-ups under way at most, those included that nobody waits for any more."""

_places = threading.BoundedSemaphore(MAX_LOOKUPS)


async def resolve(host: str) -> tuple[str, ...]:
    """All addresses of a name, in the system's order of preference; at least one.

    Each look-up has a thread of its own, which ends with it however long that takes: the system's resolver cannot be
    interrupted, and threads that are shared would all wait for the one name server that does not answer. Raises OSError where
    the name has no address, or too many, or too many names are being looked up.
    """
    if not _places.acquire(blocking=False):
        raise OSError("too many names are being looked up")
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(addresses: tuple[str, ...] | OSError) -> None:
        if found.cancelled():
            return
        if isinstance(addresses, OSError):
            found.set_exception(addresses)
        else:
            found.set_result(addresses)

    def look_up() -> None:
        try:
            addresses = _addresses(host)
        finally:
            _places.release()
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, addresses)

    threading.Thread(target=look_up, name="coatcheck-resolve", daemon=True).start()
    return await found


def _addresses(host: str) -> tuple[str, ...] | OSError:
    try:
        infos = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
    if len(addresses) > MAX_ADDRESSES:
        return OSError(f"the name has {len(addresses)} addresses")
    return addresses
