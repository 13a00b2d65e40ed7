"""A PDF of a year's weather on each page: two charts and a table."""

import io
from collections.abc import Sequence

from reportlab.graphics.charts.axes import YValueAxis
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.linecharts import HorizontalLineChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

from coatcheck.demo.weather import Month

_SOURCE = "Figures: NOAA, National Weather Service (public domain)."
_LEFT, _WIDTH = 60, 475
_RED, _BLUE, _GREY = HexColor("#c0392b"), HexColor("#2471a3"), HexColor("#d5d8dc")


class Report:
    """A document that grows by a page a year."""

    def __init__(self, title: str) -> None:
        self._title, self._file = title, io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, invariant=True)  # the same figures make the same bytes
        self._canvas.setTitle(title)

    def add(self, year: int, months: Sequence[Month]) -> None:
        """Add a page."""
        self._text(780, f"{self._title}, {year}", size=20)
        self._text(745, "Mean daily high (red) and low (blue), °C")
        _temperatures(months).drawOn(self._canvas, _LEFT, 560)
        self._text(535, "Precipitation, mm")
        _precipitation(months).drawOn(self._canvas, _LEFT, 350)
        table = _table(months)
        table.wrapOn(self._canvas, _WIDTH, 260)
        table.drawOn(self._canvas, _LEFT, 75)
        self._text(45, _SOURCE, size=8)
        self._canvas.showPage()

    def pdf(self) -> bytes:
        """The finished document."""
        self._canvas.save()
        return self._file.getvalue()

    def _text(self, y: float, text: str, *, size: int = 11) -> None:
        self._canvas.setFont("Helvetica-Bold", size)
        self._canvas.drawString(_LEFT, y, text)


def _temperatures(months: Sequence[Month]) -> Drawing:
    chart = HorizontalLineChart()
    chart.data = [[month.high for month in months], [month.low for month in months]]
    chart.joinedLines = 1
    for number, colour in enumerate((_RED, _BLUE)):
        chart.lines[number].strokeColor = colour
        chart.lines[number].strokeWidth = 2
    chart.valueAxis.valueMin, chart.valueAxis.valueMax, chart.valueAxis.valueStep = -5, 35, 10
    chart.categoryAxis.labelAxisMode = "low"  # below the chart, though zero lies higher
    return _drawing(chart, months)


def _precipitation(months: Sequence[Month]) -> Drawing:
    chart = VerticalBarChart()
    chart.data = [[month.precipitation for month in months]]
    chart.bars[0].fillColor = _BLUE
    chart.bars[0].strokeColor = None
    chart.valueAxis.valueMin, chart.valueAxis.valueMax, chart.valueAxis.valueStep = 0, 300, 100
    return _drawing(chart, months)


def _drawing(chart: HorizontalLineChart | VerticalBarChart, months: Sequence[Month]) -> Drawing:
    chart.x, chart.y, chart.width, chart.height = 25, 20, _WIDTH - 25, 145
    chart.categoryAxis.categoryNames = [month.name for month in months]
    axis: YValueAxis = chart.valueAxis
    axis.visibleGrid, axis.gridStrokeColor = True, _GREY
    drawing = Drawing(_WIDTH, 175)
    drawing.add(chart)
    return drawing


def _table(months: Sequence[Month]) -> Table:
    head = ("Month", "High °C", "Low °C", "Precipitation mm", "Wet days")
    rows = [(month.name, f"{month.high:.1f}", f"{month.low:.1f}", f"{month.precipitation:.1f}", month.wet_days) for month in months]
    table = Table([head, *rows], colWidths=[_WIDTH / len(head)] * len(head), rowHeights=19)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, _GREY),
            ]
        )
    )
    return table
