"""What a store has on one event loop: its connections, and the groups that share commits."""

from collections.abc import Mapping
from typing import Any

from coatcheck.domain.job import Submission
from coatcheck.store.contract import Submitted
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.group import Group
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.pool import Pool
from coatcheck.store.postgres.position import Positions
from coatcheck.store.postgres.settle import Settler
from coatcheck.store.postgres.statement import statement
from coatcheck.store.postgres.submit import Submitter
from coatcheck.store.postgres.watch import Watch
from coatcheck.store.rows import Row


class Connections:
    """`requests` serve everybody; `leases` has one connection that nobody else can use up, so that what is held stays held."""

    def __init__(self, address: Address, size: int, moments: Moments, watch: Watch) -> None:
        self._address, self._moments = address, moments
        self.requests = Pool(address, size)
        self.leases = Pool(address, 1)
        submitter = Submitter(self.requests, address, moments)
        self.submissions: Group[Submission, Submitted] = Group(submitter.store, lambda unit: len(unit.arguments))
        self.settler = Settler(self.requests, address, moments, watch)
        self.positions: Group[str, int | None] = Group(Positions(self.requests, address).of, len)

    async def fetch(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run the statement `name` at this moment; all its rows."""
        return await self._run(self.requests, name, parameters)

    async def first(self, name: str, parameters: Mapping[str, Any]) -> Row | None:
        """Likewise; the first row, if there is any."""
        rows = await self._run(self.requests, name, parameters)
        return rows[0] if rows else None

    async def fetch_alone(self, scope: str, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Likewise, while nobody else runs a statement alone in `scope`."""
        lock, sql = statement("alone", self._address.schema), statement(name, self._address.schema)
        return await self.requests.fetch_alone(lock, {"scopes": Texts([scope])}, sql, {**parameters, **self._moments.now()})

    async def fetch_at_once(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Likewise, on the connection that is kept for leases."""
        return await self._run(self.leases, name, parameters)

    async def close(self) -> None:
        """Finish what was begun and end the connections. On their event loop."""
        await self.submissions.close()
        await self.positions.close()
        await self.requests.close()
        await self.leases.close()

    def abandon(self) -> None:
        """End the connections of an event loop that is no more."""
        self.requests.abandon()
        self.leases.abandon()

    async def _run(self, pool: Pool, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        return await pool.fetch(statement(name, self._address.schema), {**parameters, **self._moments.now()})
