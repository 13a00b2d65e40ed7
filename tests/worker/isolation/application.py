"""The application of these tests, imported by a server, by its workers and by their fork servers.

Its settings come from the environment, and its operations from several modules.
"""

from tests.worker.isolation import breaking, dying, living, taking
from tests.worker.isolation.declared import jobs

__all__ = ["breaking", "dying", "jobs", "living", "taking"]
