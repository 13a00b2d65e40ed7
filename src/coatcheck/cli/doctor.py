"""`coatcheck doctor`: whether this machine and this application are fit to run."""

import click

from coatcheck.cli.exit import Exit
from coatcheck.cli.options import json_option, store_option
from coatcheck.cli.output import print_json, print_rows


@click.command()
@click.argument("target", required=False)
@store_option
@json_option
def doctor(*, target: str | None, store: str | None, as_json: bool) -> Exit:
    """Check this machine and, where TARGET is given, that application and its store.

    Each line is ok, warn or fail; one fail makes the exit status 2.
    """
    from coatcheck.cli.examination import examine_application, examine_machine

    findings = [*examine_machine(), *(examine_application(target, store) if target is not None else [])]
    if as_json:
        print_json(findings)
    else:
        print_rows([(finding.verdict, finding.subject, finding.says) for finding in findings])
    return Exit.USAGE if any(finding.verdict == "fail" for finding in findings) else Exit.OK
