"""An evaluation as one HTML page that needs nothing from outside and follows the reader's dark or light setting."""

from __future__ import annotations

import html
import re

from codeodds_trainer.evaluation.figures import programs as figures
from codeodds_trainer.evaluation.figures.schema import DataSet, Report, find
from codeodds_trainer.evaluation.report.examples import by_outcome, example_words
from codeodds_trainer.evaluation.report.plots import Plot, all_plots
from codeodds_trainer.evaluation.report.table import Table
from codeodds_trainer.evaluation.report.tables import data_set_tables, paper_table, provenance

FEW_COLUMNS = 4
"""Tables with more columns show intervals below their figures, not beside."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1c1e21;--paper:#fff;--grid:#dcdfe3;--soft:#5b626b;--head:#f3f5f7;
--s1:#1f5fbf;--s2:#c2571a;--s3:#2e8540;--s4:#8b4fc0;--s5:#9a7200;--s6:#b3275f}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--paper:#15181c;--grid:#383e46;--soft:#a3abb5;--head:#20252b;
--s1:#6ea8ff;--s2:#ff9a57;--s3:#62c77a;--s4:#c59cf5;--s5:#e0b84a;--s6:#ff7fae}}
body{font:16px/1.55 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1.2rem;color:var(--ink);
background:var(--paper)}
h1{line-height:1.2}h2{margin-top:2.6rem}h3{margin:1.8rem 0 .4rem}p{max-width:52rem}.note,footer{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{background:var(--head);vertical-align:bottom}td small{display:block;color:var(--soft);white-space:nowrap}
.few td small{display:inline;margin-left:.5rem}
th:first-child{text-align:left}tbody th{font-weight:400;white-space:nowrap}
tbody tr.own th{font-weight:700}figure{margin:1rem 0}svg{display:block;width:100%;height:auto;margin:auto}
svg text{font-family:system-ui,sans-serif!important}
figcaption{max-width:52rem;margin-bottom:.8rem}a{color:var(--s1)}code{overflow-wrap:anywhere}
pre{white-space:pre-wrap;font-size:.85rem}.diff del,.diff ins{text-decoration:none}
.diff del{color:var(--s3)}.diff ins{color:var(--s6)}
"""


def render(report: Report) -> str:
    """The page: what it comes to, the paper's figures beside ours, the plots, tables for each data set."""
    bundle, data_sets = report.bundle, report.data_sets
    title = f"Evaluation of {html.escape(bundle.name)} {html.escape(bundle.version)}"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<style>{_STYLE}</style><h1>{title}</h1>",
        "<p>A value head estimates at every token the probability that a Python program passes its tests. "
        "Here it scores programs of problems that neither training nor calibration saw.</p>",
        "<ul>" + "".join(f"<li>{html.escape(in_short(data_set))}" for data_set in data_sets) + "</ul>",
    ]
    if report.limit is not None:
        parts.append(
            f"<p><b>Limited to {report.limit:,} problems of each file</b>, chosen by a hash of their id: "
            "the figures are those of a sample.</p>"
        )
    parts.append(_table(paper_table(data_sets), level=2))
    parts += [_figure(plot) for plot in all_plots(data_sets)]
    for data_set in data_sets:
        parts.append(f"<section><h2>{html.escape(data_set.label)}</h2>")
        parts += [_table(table, level=3) for table in data_set_tables(data_set)]
        parts += _examples(data_set)
        parts.append("</section>")
    parts += [
        f"<h2>What each figure is</h2><pre>{html.escape((figures.__doc__ or '').strip())}</pre>",
        f"<p>{html.escape(_balanced_set())}</p>",
        "<footer><h2>Made with</h2><ul>" + "".join(f"<li>{html.escape(line)}" for line in provenance(report)),
        f"</ul><p><code>{html.escape(report.command)}</code></p>",
        "<p>All figures with their intervals, and the points of every curve, are in report.json.</p>",
        "</footer></html>",
    ]
    return "\n".join(parts) + "\n"


def in_short(data_set: DataSet) -> str:
    """One sentence: what choosing by the bundle is worth."""
    chance = {column.name: column.figures for column in data_set.whole.columns if column.kind == "chance"}
    own = data_set.whole.columns[0].figures
    best = find(own, "best_1_of_3")
    random, oracle = find(chance["random"], "best_1_of_3"), find(chance["oracle"], "best_1_of_3")
    order = find(own, "within_problem_auroc")
    words = []
    if best is not None and random is not None and oracle is not None:
        words.append(
            f"of 3 programs the one it puts first passes in {best.value:.1%} of the draws "
            f"(at random {random.value:.1%}, with hindsight {oracle.value:.1%})".replace("%", " %")
        )
    if order is not None:
        words.append(f"a passing program scores above a failing one of its problem with probability {order.value:.2f}")
    return f"{data_set.label}: " + ("; ".join(words) or "too few programs of one problem to rank") + "."


def _balanced_set() -> str:
    """What the docstring says of the balanced set, as one line."""
    _, _, words = (figures.balanced_accuracies.__doc__ or "").partition("\n\n")
    return re.sub(r"\s+", " ", words).replace("`", "").strip()


def _figure(plot: Plot) -> str:
    return f"<figure><h2>{plot.title}</h2><figcaption>{html.escape(plot.words)}</figcaption>{plot.svg}</figure>"


def _examples(data_set: DataSet) -> list[str]:
    found = []
    for title, examples in by_outcome(data_set.examples):
        found.append(f"<h3>{title}</h3>")
        found += [
            f"<p>{html.escape(example_words(item))}</p><pre class=diff><del>- {html.escape(item.right_line)}</del>\n"
            f"<ins>+ {html.escape(item.wrong_line)}</ins></pre>"
            for item in examples
        ]
    return found


def _table(table: Table, level: int) -> str:
    head = "".join(f"<th scope=col>{html.escape(cell)}" for cell in table.head)
    body = "".join(
        f"<tr{' class=own' if first == 'this bundle' else ''}><th scope=row>{html.escape(first)}"
        + "".join(f"<td>{_cell(cell)}" for cell in rest)
        for first, *rest in table.rows
    )
    shape = " class=few" if len(table.head) <= FEW_COLUMNS else ""
    note = f"<p class=note>{_links(html.escape(table.note))}</p>" if table.note else ""
    return (
        f"<h{level}>{html.escape(table.title)}</h{level}><div class=wide><table{shape}><thead><tr>{head}</thead>"
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def _cell(cell: str) -> str:
    """The interval stands small below its figure."""
    return re.sub(r"^(\S+) (\(.* to .*\))$", r"\1<small>\2</small>", html.escape(cell)).replace(" %", "&nbsp;%")


def _links(text: str) -> str:
    """The paper's number as a link: the one address on the page, followed only if the reader asks for it."""
    return re.sub(r"arXiv (\d{4}\.\d{5})", r"<a href='https://arxiv.org/abs/\1'>arXiv \1</a>", text)
