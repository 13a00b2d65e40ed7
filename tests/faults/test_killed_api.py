"""The API killed around the commit of a request, and the client that asks again."""

import httpx2
import pytest

from tests.faults.site import Site
from tests.services import on_postgresql

KEY = {"Idempotency-Key": "order-17"}
REQUEST = {"text": "once"}


def test_an_api_killed_between_commit_and_answer_gives_the_same_job_to_who_asks_again(site: Site) -> None:
    """F05: the client never learned that its request was accepted; the key tells."""
    doomed = site.serve(workers=0, failpoints="submit.after_commit=kill")
    with pytest.raises(httpx2.TransportError):
        site.api.post("/echo", json=REQUEST, headers=KEY)
    doomed.kill()
    (stored,) = site.check(ended=False)
    site.serve(workers=0)
    assert site.submit("echo", REQUEST, **KEY) == stored.id
    site.work()
    assert site.ended(stored.id)["result"] == "once"
    assert [job.id for job in site.check(stored.id)] == [stored.id]


@on_postgresql
def test_an_api_killed_before_the_commit_has_accepted_nothing(site: Site) -> None:
    """F06: nothing exists, and asking again creates one job."""
    doomed = site.serve(workers=0, failpoints="submit.before_commit=kill")
    with pytest.raises(httpx2.TransportError):
        site.api.post("/echo", json=REQUEST, headers=KEY)
    doomed.kill()
    assert site.check() == []
    site.serve()
    job_id = site.submit("echo", REQUEST, **KEY)
    assert site.ended(job_id)["result"] == "once"
    assert [job.id for job in site.check(job_id)] == [job_id]
