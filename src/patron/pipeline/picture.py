"""The picture of the pipeline, drawn from STEPS: what each step reads, does and writes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from patron.pipeline.step import Step

ROW, GAP, TOP = 24, 26, 66
READS, STEP, WRITES = 40, 360, 700
BOX, CHIP = 240, 220
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1d2733}.t{font-weight:600}.h{fill:#5b6773;font-size:13px}"
    ".c{font:13px ui-monospace,monospace}.s{fill:#e8eefc;stroke:#3b5bdb}.b{fill:#fff;stroke:#c4ccd6}"
    "path{stroke:#8a96a3;fill:none;stroke-width:1.4}"
)


def picture(steps: Sequence[Step]) -> str:
    """One SVG: a row for each step, tables it reads on the left, tables it writes on the right."""
    body: list[str] = []
    top = TOP
    for number, step in enumerate(steps, start=1):
        height = ROW * max(len(step.reads), len(step.writes), 2)
        body += _row(step, number, top, height)
        if number < len(steps):
            body.append(_arrow(STEP + BOX / 2, top + height, STEP + BOX / 2, top + height + GAP))
        top += height + GAP
    heads = "".join(
        f'<text class="h" x="{x}" y="40">{word}</text>'
        for x, word in ((READS, "reads"), (STEP, "step"), (WRITES, "writes"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {top}" role="img" aria-label="The steps of patron run">'
        f"<title>The steps of patron run, with the tables each reads and writes</title><style>{_STYLE}</style>"
        f'<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" style="fill:#8a96a3;stroke:none"/></marker></defs>'
        f'<rect width="960" height="{top}" fill="#fafbfc"/>{heads}{"".join(body)}</svg>\n'
    )


def _row(step: Step, number: int, top: float, height: float) -> list[str]:
    middle = top + height / 2
    parts = [
        f'<rect class="s" x="{STEP}" y="{top}" width="{BOX}" height="{height}" rx="8"/>',
        f'<text class="t" x="{STEP + 14}" y="{middle + 5}">{number}. {escape(step.title)}</text>',
    ]
    for x, names in ((READS, step.reads), (WRITES, step.writes)):
        start = middle - ROW * len(names) / 2
        for place, name in enumerate(names):
            y = start + place * ROW
            parts.append(f'<rect class="b" x="{x}" y="{y + 2}" width="{CHIP}" height="{ROW - 4}" rx="5"/>')
            parts.append(f'<text class="c" x="{x + 9}" y="{y + 17}">{escape(name)}</text>')
    parts.append(_arrow(READS + CHIP, middle, STEP, middle))
    parts.append(_arrow(STEP + BOX, middle, WRITES, middle))
    return parts


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" marker-end="url(#a)"/>'
