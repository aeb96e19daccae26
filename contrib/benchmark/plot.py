"""An SVG of the answers' times, made from the figures that the table is made from."""

import html
import math

LEFT, RIGHT, ROW, TOP_OF_ROWS, WIDTH = 340, 120, 26, 74, 900

STYLE = """
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
  .title { font-weight: bold; font-size: 15px } .quiet { fill: #656d76; font-size: 12px }
  .page { fill: #ffffff } .line { stroke: #d1d9e0 } .spread { stroke: #1f2328; stroke-width: 1.5 }
  .ours { fill: #7950b8 } .peer { fill: #9aa4af } .ground { fill: #c8d1da }
  .mine { font-weight: bold }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .page { fill: #0d1117 } .line { stroke: #30363d }
    .spread { stroke: #e6edf3 } .ours { fill: #a77bea } .peer { fill: #6e7681 } .ground { fill: #484f58 }
  }
"""


def svg(result):
    """One bar for each program, on a logarithmic axis: the slowest is a thousand times the fastest."""
    cases = sorted(result["answers"], key=lambda case: case["ms"])
    low = 10 ** math.floor(math.log10(cases[0]["ms"]))
    high = 10 ** math.ceil(math.log10(cases[-1]["high"]))
    across = axis(low, high)
    height = TOP_OF_ROWS + ROW * len(cases) + 48
    machine = result["machine"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Time of one answer by program">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        '<text class="title" x="16" y="26">One answer to git, whole process, milliseconds</text>',
        f'<text class="quiet" x="16" y="46">median of {result["rounds"]} interleaved rounds, lines from '
        f'the 10th to the 90th percentile, logarithmic axis; {escape(machine["date"])}</text>',
        *ticks(low, high, across, height),
    ]
    for row, case in enumerate(cases):
        parts += bar(case, TOP_OF_ROWS + ROW * row, across)
    parts.append(f'<text class="quiet" x="16" y="{height - 10}">{machine["cores"]} cores, '
                 f'{escape(machine["processor"])}, {escape(machine["system"])}</text>')
    return "\n".join(parts + ["</svg>", ""])


def axis(low, high):
    span = WIDTH - LEFT - RIGHT
    return lambda value: LEFT + span * math.log10(value / low) / math.log10(high / low)


def ticks(low, high, across, height):
    parts, value = [], low
    while value <= high * 1.001:
        x = round(across(value), 1)
        parts.append(f'<line class="line" x1="{x}" x2="{x}" y1="{TOP_OF_ROWS - 8}" '
                     f'y2="{height - 40}"/>')
        parts.append(f'<text class="quiet" text-anchor="middle" x="{x}" y="{height - 26}">'
                     f"{value:g}</text>")
        value *= 10
    return parts


def bar(case, top, across):
    kind = kind_of(case["name"])
    width = round(across(case["ms"]) - LEFT, 1)
    low, high = round(across(case["low"]), 1), round(across(case["high"]), 1)
    middle = top + 9
    name = escape(case["name"].replace("`", ""))
    mine = " mine" if kind == "ours" else ""
    return [
        f'<text class="name{mine}" text-anchor="end" x="{LEFT - 8}" y="{top + 14}">{name}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{width}" height="18" rx="2"/>',
        f'<line class="spread" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>',
        f'<text x="{high + 8}" y="{top + 14}">{shown(case["ms"])}</text>',
    ]


def kind_of(name):
    if name.startswith("ours"):
        return "ours"
    return "ground" if name in ("`true`", "an empty Rust program") else "peer"


def shown(milliseconds):
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.2f}"


def escape(text):
    return html.escape(text, quote=True)
