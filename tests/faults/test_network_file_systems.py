"""F27: a store on another host's disk, where SQLite cannot keep what a 202 promises."""

from pathlib import Path

from coatcheck.cli.exit import Exit
from tests.faults.mounts import in_private_mounts
from tests.faults.network import KIND, mount_network
from tests.faults.site import site_in


def test_a_store_on_a_network_file_system_is_refused_at_the_start(tmp_path: Path) -> None:
    """In one sentence that names the file, the file system, and what to do; wherever the path begins."""
    in_private_mounts(network, tmp_path)


def network(directory: Path) -> None:
    """The directory is a network's."""
    disk = directory / "disk"
    disk.mkdir()
    mount_network(disk)
    (directory / "link.db").symlink_to(disk / "jobs.db")
    for place in (disk / "jobs.db", directory / "link.db"):
        with site_in(directory, f"sqlite:///{place}") as site:
            process = site.run("worker", "application:jobs")
            assert process.ended() == Exit.USAGE, process.log
            assert f"The job store {place} lies on a network file system ({KIND})" in process.log
            assert "put it on a local disk, or use PostgreSQL" in process.log
            assert "Traceback" not in process.log
