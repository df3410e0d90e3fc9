"""Drawings by matplotlib as SVG inside a page: the colours are the page's, and nothing comes from outside."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any, cast

INK, GRID = "#010101", "#020202"
SERIES = ("#030301", "#030302", "#030303", "#030304", "#030305", "#030306")
"""Stand-ins that become the page's CSS variables --ink, --grid, --s1 to --s6."""

PANEL_INCHES = 3.3
"""Height of a panel, for text of 10 points."""
PANELS = 3
"""Panels beside each other at most."""
PANEL_CHARACTERS, HANDLE_CHARACTERS = 46, 7
"""Characters of the legend that fit below one panel, and what a line's sample takes of them."""
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}


def draw_panels(
    name: str,
    title: str,
    description: str,
    titles: list[str],
    draw: Callable[[Any, int], None],
    row: float = PANEL_INCHES,
) -> str:
    """One drawing with a panel for each title, one vertical scale, and one legend below for the labels of all panels.

    `draw` gets the axes and the number of each panel. `name` makes the ids of the drawing its own on the page; `title`
    and `description` are what a screen reader says of it. `row`: inches of height of a panel, if it needs more.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    across = min(PANELS, len(titles))
    down = -(-len(titles) // PANELS)
    with matplotlib.rc_context(cast(Any, {**STYLE, "svg.hashsalt": name})):
        figure, grid = pyplot.subplots(
            down,
            across,
            figsize=(3.7 * across, max(row, PANEL_INCHES) * down),
            layout="constrained",
            squeeze=False,
            sharey=True,
        )
        shown: dict[str, Any] = {}
        for number, axes in enumerate(grid.flat):
            if number >= len(titles):
                axes.set_visible(False)
                continue
            axes.set_title(titles[number])
            draw(axes, number)
            if number % across:
                axes.set_ylabel("")
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                shown.setdefault(label, handle)
        if shown:
            columns = max(1, across * PANEL_CHARACTERS // (max(map(len, shown)) + HANDLE_CHARACTERS))
            rows = -(-len(shown) // columns)
            figure.set_size_inches(3.7 * across, 3.3 * down + 0.25 * (rows + 1))
            figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=columns)
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return _inline(content.getvalue(), name, title, description)


def _inline(svg: str, name: str, title: str, description: str) -> str:
    body = svg[svg.index("<svg") :]
    # What names other documents goes: it is not needed inside HTML.
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    assert box is not None
    rest = re.sub(r'\bid="', f'id="{name}-', rest)
    rest = re.sub(r'(xlink:href="#|url\(#)', rf"\1{name}-", rest)
    for number, colour in enumerate(SERIES, 1):
        rest = rest.replace(colour, f"var(--s{number})")
    rest = rest.replace(INK, "var(--ink)").replace(GRID, "var(--grid)")
    return (
        f'<svg viewBox="{box[0].partition(chr(34))[2][:-1]}" style="max-width:{float(box[1]) * 4 / 3:.0f}px" '
        f'role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{html.escape(title)}</title><desc id="{name}-text">{html.escape(description)}</desc>'
        f"{rest}"
    )
