"""The demonstration's other steps: a report, a cancelled job, and what is left to try."""

import sys
from pathlib import Path

from coatcheck.demo.crash import IMPORT, SOURCE
from coatcheck.demo.stage import TARGET, Stage, expect
from coatcheck.domain.state import Status

REPORT = "/reports/weather"


async def make_the_report(stage: Stage) -> None:
    """Real figures in, a PDF out."""
    stage.screen.title("4. A report: Seattle's weather, day by day from 2012 to 2015, as a PDF")
    job = await stage.api.submit(REPORT, json={"first": 2012, "last": 2015})
    with stage.screen.follow("report") as bar:
        async for update in job:
            bar.show(update)
    pdf = stage.directory / "seattle-weather.pdf"
    await job.download(pdf)
    expect(pdf.read_bytes().startswith(b"%PDF-"), "The report is no PDF.")
    stage.screen.say(f"  {pdf} ({pdf.stat().st_size:,} bytes)")


async def cancel_an_import(stage: Stage) -> None:
    """202 while the run stops, 204 once it has."""
    stage.screen.title("5. Cancel another import while it runs")
    job = await stage.api.submit(IMPORT, json={"source": SOURCE, "rows_per_second": 200})
    with stage.screen.follow("import") as bar:
        async for update in job:
            bar.show(update)
            if update.percent_complete:
                await stage.ask("DELETE", update.status_url, 202)
                break
        async for update in job:
            bar.show(update)
    expect(job.status is Status.CANCELLED, f"The cancelled import is {job.status}.")
    stage.screen.say("It has stopped. To cancel it once more changes nothing:")
    await stage.ask("DELETE", job.representation.status_url, 204)


async def list_what_is_there(stage: Stage) -> None:
    """Where to look, and what to try."""
    stage.screen.title("6. To look at")
    for file in sorted(stage.directory.iterdir()):
        stage.screen.say(f"  {file}")
    command, url = Path(sys.executable).with_name("coatcheck"), stage.url
    stage.screen.title("7. To try")
    if not stage.screen.live:
        url = "http://127.0.0.1:8000"
        stage.screen.say(f"  cd {stage.directory} && {command} serve {TARGET} --store sqlite:///jobs.db")
    stage.screen.say(f"""  curl -i {url}{REPORT} --json '{{"first": 2014, "last": 2015}}'""")
    stage.screen.say(f"  curl {url}/jobs")
    stage.screen.say(f"  curl {url}/operations")
    stage.screen.say(f"""  {command} submit {IMPORT} --url {url} --json '{{"source": "{SOURCE}", "rows_per_second": 300}}' --wait""")
