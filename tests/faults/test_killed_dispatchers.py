"""A dispatcher that dies between sending a message and recording that: nobody knows whether it arrived, so it is sent again.

At once: its supervisor sees it die, and lets go of what it held; a lease would be 32 seconds longer.
"""

import asyncio
import os
import signal
from pathlib import Path

from chaos.hooked import TARGET, application
from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryStatus
from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.testing.harness import coatcheck_process, eventually
from tests.push.receiver import answering, hang, receiving

ROOT = Path(__file__).parents[2]


async def test_a_message_whose_dispatcher_was_killed_comes_again_under_its_id(empty_store: str) -> None:
    settings = {
        "store": empty_store,
        "secret": "a secret of thirty-two characters",
        "public_url": "https://api.example.com",
        "webhook_allow": "127.0.0.0/8",
        "webhook_http": "yes",
    }
    environment = {f"COATCHECK_{name.upper()}": value for name, value in settings.items()}
    jobs = application(**settings | {"embedded_worker": False, "webhook_http": True})
    quick = jobs.registry.find("quick")
    assert quick is not None
    async with receiving(hang) as receiver, jobs.opened():
        await jobs.wiring.endpoints.add(EVERYONE, receiver.url)
        await jobs.wiring.jobs.submit(quick, {}, EVERYONE)
        with coatcheck_process("worker", TARGET, directory=ROOT, environment=environment) as supervisor:
            await receiver.got(1)
            receiver.answer = answering(204)
            (worker,) = supervisor.children()
            os.kill(worker, signal.SIGKILL)
            first, second = await receiver.got(2)
            await asyncio.to_thread(eventually, lambda: "delivery.delivered" in supervisor.log)
        (delivery,) = await jobs.wiring.deliveries.deliveries(SYSTEM)
    assert (first.id, first.body) == (second.id, second.body)
    assert (delivery.id, delivery.status) == (first.id, DeliveryStatus.DELIVERED)
    assert [(attempt.status, attempt.error) for attempt in delivery.history] == [(None, OUTCOME_UNKNOWN), (204, None)]
