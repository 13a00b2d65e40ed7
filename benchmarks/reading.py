"""One line of what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """Figures of one case of one measurement."""

    store: str
    measurement: str
    case: str
    figures: dict[str, float]

    def __str__(self) -> str:
        figures = "  ".join(f"{name} {_short(value)}" for name, value in self.figures.items())
        return f"{self.store:<10} {self.measurement:<10} {self.case:<28} {figures}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
