"""Neither party runs out of work before the other."""

import asyncio

from chaos.pace import LOOK_AGAIN, SLACK, Pace


async def test_whoever_is_ahead_waits_until_the_other_has_caught_up() -> None:
    pace = Pace("jobs", "blows")
    pace.advance("jobs", SLACK / 2)
    await pace.keep("jobs")
    pace.advance("jobs", 0.5)
    waiting = asyncio.create_task(pace.keep("jobs"))
    await pace.keep("blows")
    done, _ = await asyncio.wait([waiting], timeout=2 * LOOK_AGAIN)
    assert not done
    pace.advance("blows", 0.5)
    await waiting
