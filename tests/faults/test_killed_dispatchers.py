"""A dispatcher that dies between sending a message and recording that: nobody knows whether it arrived, so it is sent again.

At once: its supervisor sees it die and lets go of what it held, or whoever comes next does where that was killed, too. A lease
would be an hour longer.
"""

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaos.hooked import TARGET, application
from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryStatus
from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.testing.harness import Process, coatcheck_process, eventually
from tests.push.receiver import answering, hang, receiving

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("doomed", ["worker", "service"])
async def test_a_message_whose_dispatcher_was_killed_comes_again_under_its_id(empty_store: str, doomed: str) -> None:
    settings = {
        "store": empty_store,
        "secret": "a secret of thirty-two characters",
        "public_url": "https://api.example.com",
        "webhook_allow": "127.0.0.0/8",
        "webhook_http": "yes",
        "webhook_deadline": "1800",
    }
    environment = {f"COATCHECK_{name.upper()}": value for name, value in settings.items()}
    jobs = application(**settings | {"embedded_worker": False, "webhook_http": True, "webhook_deadline": 1800.0})
    quick = jobs.registry.find("quick")
    assert quick is not None
    async with receiving(hang) as receiver, jobs.opened():
        await jobs.wiring.endpoints.add(EVERYONE, receiver.url)
        await jobs.wiring.jobs.submit(quick, {}, EVERYONE)
        with ExitStack() as stack:

            def work() -> Process:
                return stack.enter_context(coatcheck_process("worker", TARGET, directory=ROOT, environment=environment))

            supervisor = work()
            await receiver.got(1)
            receiver.answer = answering(204)
            if doomed == "worker":
                (worker,) = supervisor.children()
                os.kill(worker, signal.SIGKILL)
            else:
                supervisor.kill()
                supervisor = work()
            first, second = await receiver.got(2)
            await asyncio.to_thread(eventually, lambda: "delivery.delivered" in supervisor.log)
        (delivery,) = await jobs.wiring.deliveries.deliveries(SYSTEM)
    assert (first.id, first.body) == (second.id, second.body)
    assert (delivery.id, delivery.status) == (first.id, DeliveryStatus.DELIVERED)
    assert [(attempt.status, attempt.error) for attempt in delivery.history] == [(None, OUTCOME_UNKNOWN), (204, None)]
