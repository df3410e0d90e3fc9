"""Without type hints: in the signature of the prompt's function, and at its local variables.

A hint at a local variable is never evaluated. Those of functions within it are, and may fail: they stay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from codeodds_trainer.styles.source import Edit, Function, Program, Style, apply_to_both


def without_hints(programs: Sequence[Program], _problem_id: str) -> Style | None:
    """None if there are no hints, or if a decorator might read them."""
    if programs[0].function.decorator_list:
        return None
    edits = [[*_signature(program), *_variables(program)] for program in programs]
    return apply_to_both(programs, edits) if any(edits) else None


def _signature(program: Program) -> Iterator[Edit]:
    function, arguments = program.function, program.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, ast.expr] = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        defaults[argument.arg] = default
    for argument, named in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if named is not None:
            defaults[argument.arg] = named
    variadic = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    for argument in [*positional, *arguments.kwonlyargs, *variadic]:
        if argument.annotation is None:
            continue
        start, end = program.span(argument)
        name_end = start + len(argument.arg)
        if argument.arg in defaults:
            # ``a: int = 5`` becomes ``a=5``. A default in brackets starts before its node: look for the sign.
            sign = program.source.index("=", end)
            rest = program.source[sign + 1 :]
            yield Edit(name_end, sign + 1 + len(rest) - len(rest.lstrip()), "=")
        else:
            yield Edit(name_end, end, "")
    if function.returns is not None:
        start, end = program.span(function.returns)
        arrow = program.source.rindex("->", 0, start)
        close = program.source.index(":", end)
        yield Edit(len(program.source[:arrow].rstrip()), close, "")


def _variables(program: Program) -> Iterator[Edit]:
    for node in _own_statements(program.function):
        if not isinstance(node, ast.AnnAssign):
            continue
        _, target_end = program.span(node.target)
        if node.value is not None:
            _, hint_end = program.span(node.annotation)
            sign = program.source.index("=", hint_end)
            if node.simple:
                yield Edit(target_end, sign, " ")


def _own_statements(function: Function) -> Iterator[ast.AST]:
    """All nodes of a function, without those of functions and classes within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
