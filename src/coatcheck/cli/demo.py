"""`coatcheck demo`: everything at work on real data, on this machine."""

import click


@click.command()
def demo() -> int | None:
    """Show what Coatcheck does, on real data, on this machine."""
    from coatcheck.demo.show import main

    return main()
