"""The API frozen: workers neither need it nor notice."""

import signal
import threading

from coatcheck.testing.harness import eventually
from tests.faults.site import Site, child, kill, told


def test_workers_go_on_while_the_api_is_frozen_and_its_clients_get_their_answers_afterwards(site: Site) -> None:
    """F15: the job ends meanwhile, in its first attempt; who asked during the freeze is answered once it is over."""
    service = site.serve()
    job_id = site.hold()
    site.runs(job_id, 1)
    api = child(service, "_api")
    kill(api, signal.SIGSTOP)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(site.ended(job_id)["status"]))
    asking.start()
    site.let_go()
    eventually(lambda: told(service, "job.completed"))
    assert answers == []
    kill(api, signal.SIGCONT)
    asking.join()
    assert answers == ["completed"]
    assert told(service, "job.rescued") == []
    assert site.job(job_id).attempt == 1
