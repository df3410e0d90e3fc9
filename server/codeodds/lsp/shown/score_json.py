"""Scores as JSON. docs/protocol.md has the schema."""

from __future__ import annotations

from typing import Any

from codeodds.lsp.documents.document import Document, FunctionScore, everything
from codeodds.lsp.documents.text import Converter
from codeodds.lsp.server import CodeoddsServer

DECIMALS = 6


def known_scores(server: CodeoddsServer, document: Document) -> dict[str, Any]:
    """What is known of a document now, without the lines, as `codeodds/scores` tells it."""
    converter = server.converter(document)
    return {
        "uri": document.uri,
        "version": document.version,
        "complete": not any(item.pending for item in document.scored),
        "problem": server.documents.problem,
        "functions": [_summary(item, converter) for item in everything(document.scored)],
    }


def function_json(scored: FunctionScore, converter: Converter) -> dict[str, Any]:
    """A function with its lines."""
    function = scored.function
    lines = [
        {
            "line": function.solution_line + line.line,
            "probability": round(line.probability, DECIMALS),
            "drop": round(line.drop, DECIMALS),
            "fraction": round(line.fraction, DECIMALS),
        }
        for line in scored.lines
    ]
    return {**_summary(scored, converter), "lines": lines}


def _summary(scored: FunctionScore, converter: Converter) -> dict[str, Any]:
    function = scored.function
    span = converter.span(min(function.line, function.signature_end[0]), function.end_line)
    return {
        "name": function.name,
        "within": scored.within,
        "range": {
            "start": {"line": span.start.line, "character": span.start.character},
            "end": {"line": span.end.line, "character": span.end.character},
        },
        "probability": None if scored.probability is None else round(scored.probability, DECIMALS),
        "reason": scored.reason,
    }
