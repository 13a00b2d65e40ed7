"""Deliveries that are dead though their last attempt never came."""

from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.store.deliveries import OVERDUE, EndpointChange
from coatcheck.testing.clock import FakeClock
from coatcheck.worker.prune import Prune
from tests.push.conftest import OpenSite
from tests.services import on_sqlite


@on_sqlite
async def test_what_is_given_up_with_its_endpoint_or_by_nobody_s_doing_is_told(opened: OpenSite) -> None:
    clock = FakeClock()
    async with opened(clock=clock, lease=1e9, working=False, webhook_schedule=None) as site:
        endpoints, store = site.jobs.wiring.endpoints, site.jobs.wiring.store
        one, other = [(await site.endpoint("http://127.0.0.1/"))[0] for _ in "12"]
        handle = await site.echo.submit("hello")
        await store.cancel(handle.id, SYSTEM, actor="test")
        await endpoints.change(one.id, EVERYONE, EndpointChange(disabled=True))
        await endpoints.change(one.id, EVERYONE, EndpointChange(disabled=True))
        clock.advance(OVERDUE)
        await Prune(store=store, blobs=site.jobs.wiring.blobs, telemetry=site.jobs.telemetry).turn()
        (given_up,) = site.signals.all("deliveries.given_up")
        (dead,) = site.signals.all("delivery.dead")
    assert given_up == {"deliveries": 1, "endpoint": one.id, "owner": EVERYONE, "reason": "Its owner disabled it."}
    assert (dead["endpoint"], dead["job"], dead["receiver"]) == (other.id, handle.id, "127.0.0.1")
    assert dead["reason"] == "nobody has sent it for as long as it is tried at all"
