"""What a reboot does to a store that is on one host with its workers."""

from coatcheck.store.contract import Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import WORKER, running


class Boots(Handles):
    """No worker outlives its host, so no lease does, either."""

    async def test_a_reboot_ends_every_lease_at_once(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        clock.reboot()
        assert [job.id for job in await store.rescue()] == [claim.job_id]

    async def test_a_claim_of_the_boot_before_is_lost(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        clock.reboot()
        assert (await store.heartbeat(WORKER, {claim.job_id: claim.fence})).lost == {claim.job_id}
        assert await store.keep(WORKER) == 0
