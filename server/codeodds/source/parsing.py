"""Whether a text is Python as far as its syntax goes. Pure; nothing is compiled or run.

tree-sitter finds what no grammar allows, but is lenient with indentation; the tokenizer of the standard library is
not. It is given no strings: what may stand in those depends on the Python that runs this, the rest does not.
"""

from __future__ import annotations

import io
import re
import tokenize

from tree_sitter import Node

from codeodds.source.functions import normalise_newlines
from codeodds.source.syntax import parse

MAX_CHARACTERS = 200_000
"""Longer texts are not checked: far beyond what any model reads."""

_LAYOUT = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.ENCODING})


def does_not_parse_because(before: str, text: str) -> str | None:
    """Why `text` can't follow `before`, as words that complete "not scored: ..."; None if it can.

    `before` may be unfinished (``return ``), and may itself hold a function cut out of its surroundings. Lines are
    counted from the first of `text`, from 1.
    """
    whole = normalise_newlines(before + text)
    if len(whole) > MAX_CHARACTERS:
        return None
    first = normalise_newlines(before).count("\n")
    root = parse(whole.encode("utf-8", "replace"))
    if root.has_error:
        line = _first_error(root) - first
        return f"it does not parse (line {line})" if line >= 1 else "it does not parse"
    try:
        wrong = _wrong_indentation(_without_strings(whole, root), first)
    except tokenize.TokenError:
        return "it does not parse: it breaks off"
    return None if wrong is None else f"it does not parse (line {wrong - first + 1}: its indentation is wrong)"


def _first_error(root: Node) -> int:
    """Line of the first error or missing piece, from 1."""
    node = root
    while True:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None or node.is_error:
            return int(node.start_point[0]) + 1
        node = inner


def _without_strings(text: str, root: Node) -> str:
    """The text with brackets for its strings, so that lines go on where they did. Line numbers stay."""
    source = bytearray(text.encode("utf-8", "replace"))
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type != "string":
            pending += node.children
        elif node.end_byte - node.start_byte >= 2:
            inside = slice(node.start_byte, node.end_byte)
            source[inside] = re.sub(rb"[^\n]", b" ", source[inside])
            source[node.start_byte], source[node.end_byte - 1] = ord("("), ord(")")
    return source.decode("utf-8", "replace")


def _wrong_indentation(text: str, first: int) -> int | None:
    """The first line from line `first` on, both from 0, that is indented where it must not be, or not where it must.

    Raises: TokenError if the text ends where it cannot, such as behind a backslash.
    """
    starts = False  # The next token starts a statement. The text itself may start at any indentation.
    opens = False  # The last token was a colon, which at the end of a statement opens a block.
    try:
        for token in tokenize.generate_tokens(io.StringIO(text if text.endswith("\n") else f"{text}\n").readline):
            if token.type in _LAYOUT:
                continue
            if token.type == tokenize.NEWLINE:
                starts = True
                continue
            line = token.start[0] - 1
            if starts and (token.type == tokenize.INDENT) != opens and line >= first:
                return min(line, text.rstrip().count("\n"))
            starts = False
            if token.type not in (tokenize.INDENT, tokenize.DEDENT):
                opens = token.string == ":"
    except IndentationError as error:
        line = (error.lineno or 1) - 1
        return line if line >= first else None
    except SyntaxError:
        # Tokens are tree-sitter's to judge.
        return None
    return None
