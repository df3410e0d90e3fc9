"""A notebook's cell as Python has it: as many lines, and as many characters in each. Pure.

IPython takes a line for its own if a *statement* starts with ``%``, ``!`` or ``?``, so strings, brackets and continued
lines are followed here. What stands in their place is spaces.
"""

from __future__ import annotations

import re

from codeodds.source.syntax import parse

# fmt: off
PYTHON_BELOW = frozenset(
    {
        "capture", "debug", "heat", "memit", "memray_flamegraph", "mprun", "prun", "px", "pyinstrument",
        "pypy", "python", "python3", "scalene", "skip", "snakeviz", "time", "timeit",
    }
)
"""Cell magics that run the cell below them as Python; it is read even while it does not parse."""

OTHER_BELOW = frozenset(
    {
        "!", "HTML", "R", "SVG", "bash", "bigquery", "cmd", "cpp", "cython", "file", "html", "javascript",
        "js", "julia", "latex", "markdown", "perl", "python2", "ruby", "script", "sh", "sql", "svg", "sx",
        "system", "writefile",
    }
)
# fmt: on
"""Those below which something else stands. What others are is told by whether the cell parses as Python."""

_CELL_MAGIC = re.compile(r"\s*%%(!|\w*)[^\r\n]*")
_LINE_MAGIC = re.compile(r"[ \t]*(?:[%!?,;/]|%{0,2}[A-Za-z_*][\w.*\[\]-]*\?{1,2}[ \t]*$)")
"""A statement for the notebook's interpreter: a magic, a command, a call without brackets, a question for help."""
_ASSIGNED_MAGIC = re.compile(r"""(?:[^#'"()=]|\['[^'"=]*'\]|\["[^'"=]*"\])*=[ \t]*(?=[%!])""")
_TOP = re.compile(r"(?:async[ \t]+def|def|class)\b|@")
_PARTS = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<triple>\"\"\"|''')
    |"(?:\\.|[^"\\])*(?:"|\\?$)
    |'(?:\\.|[^'\\])*(?:'|\\?$)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |[^\#"'()\[\]{}]+""",
    re.VERBOSE,
)


def as_python(text: str) -> str:
    """A cell's text with spaces for everything that only a notebook understands. Positions stay what they are.

    What a magic's result is assigned to is assigned ``_`` instead.
    """
    start = 0
    while (match := _CELL_MAGIC.match(text, start)) is not None:
        name, rest = match[1], text[match.end() :]
        if name in OTHER_BELOW or (
            name not in PYTHON_BELOW and parse(_lines_as_python(rest).encode("utf-8", "replace")).has_error
        ):
            return _blank(text)
        start = match.end()
    return _blank(text[:start]) + _lines_as_python(text[start:])


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _lines_as_python(text: str) -> str:
    lines = re.split(r"(\r\n|\r|\n)", text)
    reader = _Lines()
    lines[::2] = [reader.read(line) for line in lines[::2]]
    return "".join(lines)


class _Lines:
    """Reads line after line, and knows whether the next one starts a statement."""

    def __init__(self) -> None:
        self._depth = 0
        self._quotes = ""
        """Of the string that the last line left open."""
        self._goes_on = False
        """Whether the last line ended in a backslash."""
        self._magic = False
        """Whether that line was the notebook's own."""

    def read(self, line: str) -> str:
        """A line as Python has it."""
        if self._goes_on and self._magic:
            self._goes_on = line.endswith("\\")
            return _blank(line)
        if not self._quotes and not self._goes_on and _TOP.match(line):
            # A bracket that nobody has closed yet must not reach beyond the next definition.
            self._depth = 0
        if not self._quotes and not self._goes_on and not self._depth:
            assigned = _ASSIGNED_MAGIC.match(line)
            self._magic = assigned is not None or _LINE_MAGIC.match(line) is not None
            if self._magic:
                self._goes_on = line.endswith("\\")
                return _blank(line) if assigned is None else (assigned.group() + "_").ljust(len(line))
        self._magic = False
        self._follow(line)
        return line

    def _follow(self, line: str) -> None:
        at = 0
        if self._quotes:
            at = _end_of_string(line, 0, self._quotes)
            if at < 0:
                return
            self._quotes = ""
        ends_in_code = False
        while at < len(line):
            match = _PARTS.match(line, at)
            if match is None:
                break
            at, kind = match.end(), match.lastgroup
            ends_in_code = kind != "comment"
            if kind == "open":
                self._depth += 1
            elif kind == "close":
                self._depth = max(0, self._depth - 1)
            elif kind == "triple":
                at = _end_of_string(line, at, match.group())
                if at < 0:
                    self._quotes = match.group()
                    self._goes_on = False
                    return
        self._goes_on = ends_in_code and line.endswith("\\")


def _end_of_string(line: str, start: int, quotes: str) -> int:
    """Behind the quotes that end a string; -1 if the line does not hold them."""
    match = re.compile(rf"(?:\\.|(?!{quotes})[^\\])*{quotes}").match(line, start)
    return match.end() if match else -1
