"""The server's settings: typed, each with a default. A wrong value is reported by name and replaced by its default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

SECTION = "codeodds"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may set, in `initializationOptions` or under ``codeodds`` in its configuration.

    docs/settings.md is made from these fields and their docstrings.
    """

    enable: bool = True
    """Score open documents by themselves. `codeodds/score` and the commands work either way."""
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """Functions below this probability get a diagnostic; null means the threshold that the bundle was measured at."""
    severity: Literal["hint", "information", "warning"] = "hint"
    """Severity of diagnostics. Editors show `hint` at the code alone, the others in their list of problems too."""
    diagnostics: bool = True
    """Point at the lines over which the value of an improbable function falls most."""
    inlay_hints: bool = True
    """Show the probability behind each signature."""
    code_lens: bool = False
    """Show the probability above each function. It moves the code down, and says the same as the inlay hint."""
    hover: bool = True
    """Explain the probability, with the value of each line, when the pointer rests on a signature."""
    max_hints: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    """At most this many lines are pointed at in one function."""
    hints_per_screen: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    """At most this many diagnostics in any 50 lines; those of the least probable functions stay."""
    debounce_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 150
    """Pause after the last change before the document is scored, in milliseconds."""
    adaptive_debounce: bool = True
    """Lengthen or shorten the pause by the rhythm of typing and by how long a score takes."""
    request_timeout_ms: Annotated[int, msgspec.Meta(ge=100, le=600_000)] = 10_000
    """A request that waits for scores is answered after this many milliseconds, with what is known by then. Where
    several functions have no score yet, each after the first adds a tenth of it, up to ten minutes in all."""
    memory_limit_mb: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 256
    """Most memory for what the engine remembers of scored code, in units of 1,000,000 bytes; 0 remembers nothing."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    """Threads that the model may use; never more than the process has cores."""
    idle_unload_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600
    """The model leaves memory after this many seconds without a score; 0 keeps it."""
    model: Annotated[str, msgspec.Meta(max_length=4_096)] = ""
    """Folder of the bundle; empty means the one that the server was started with, or the default bundle."""
    exclude: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)], ...] = ()
    """Documents whose path matches one of these globs are not scored by themselves: `*` and `?` stop at a slash, `**/`
    stands for any folders, and a pattern without a slash means a name anywhere: `test_*.py`, `**/generated/**`."""
    suppress_comment: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[^\r\n]*[^\s#][^\r\n]*$")] = (
        "codeodds: ignore"
    )
    """A comment with this text on the line of `def`, or on a comment line right above the function, keeps the function
    from being shown; at the end of another line, that line."""
    module_code: bool = False
    """Score the code outside functions too, as one unit."""
    max_functions: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """At most this many functions of a document are scored; those nearest to the last change come first."""
    completion_enable: bool = False
    """Offer the names that Jedi knows at the cursor within a function, the most probable first, beside the lists of
    other servers. Needs codeodds with its extra `completion`. In VS Code, the words of the document are not listed
    where codeodds has a name."""
    completion_budget_ms: Annotated[int, msgspec.Meta(ge=50, le=60_000)] = 1_000
    """Time for such a list, in milliseconds. What is known by then is shown."""
    completions_source: Literal["endpoint", "local"] = "endpoint"
    """Who writes ways to go on and other bodies: the server that `completions_url` names, or `local`, the language
    model in the bundle that scores. Few bundles have one: see `export.log_probabilities`."""
    completions_url: Annotated[str, msgspec.Meta(max_length=2_048)] = ""
    """Server with OpenAI's completions protocol that `textDocument/inlineCompletion` asks for ways to go on, and
    `codeodds.rankAlternatives` for other bodies, such as `http://127.0.0.1:8080/v1`; empty means that nothing is asked
    and no connection is opened. What the model here reads of a function is sent there: imports, class header,
    signature, docstring, and for ways to go on the body up to the cursor."""
    completions_model: Annotated[str, msgspec.Meta(max_length=512)] = ""
    """Name of the model there; empty where the server has one alone."""
    completions_samples: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    """So many ways to go on, or bodies, are asked for; the most probable is shown first."""
    completions_temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.8
    """Temperature of the sampling; at 0 all samples are the same."""
    completions_min_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """With `local`, tokens less probable than this share of the most probable one are never taken."""
    completions_max_tokens: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 128
    """Longest way to go on, in tokens of the model there."""
    completions_body_max_tokens: Annotated[int, msgspec.Meta(ge=1, le=8_192)] = 512
    """Longest body that `codeodds.rankAlternatives` asks for, in tokens of the model there; one that breaks off is left
    out."""
    completions_budget_ms: Annotated[int, msgspec.Meta(ge=100, le=120_000)] = 4_000
    """Time for a completion, in milliseconds: two thirds for the samples, the rest for their scores. What is known by
    then is shown."""
    completions_key_variable: Annotated[str, msgspec.Meta(max_length=256, pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""
    """Environment variable of the server's process that holds the key for the endpoint; empty for no key. A key that
    the editor gave for the same address goes first."""
    run_code: bool = False
    """Let a request to rank candidates run them, if it asks for that as well: in a sandbox without network that sees
    none of your files. Off, no code is ever run."""
    run_code_timeout_ms: Annotated[int, msgspec.Meta(ge=1_000, le=600_000)] = 60_000
    """Candidates that run are stopped after this many milliseconds; then they are ranked by value alone."""


def parse_settings(value: Any) -> tuple[Settings, list[str]]:
    """Settings from whatever a client sent, and one sentence per value that could not be used.

    `value` may hold the settings directly or under ``codeodds``; null means all defaults. Unknown names are ignored:
    other versions may know them.
    """
    if isinstance(value, dict) and SECTION in value:
        value = value[SECTION]
    if value is None:
        return Settings(), []
    if not isinstance(value, dict):
        return Settings(), [
            f"the settings under `{SECTION}` must be an object, not {_kind(value)}; the defaults are used"
        ]
    chosen: dict[str, Any] = {}
    problems = []
    for field in msgspec.structs.fields(Settings):
        if field.name not in value:
            continue
        try:
            chosen[field.name] = msgspec.convert(value[field.name], field.type)
        except (msgspec.ValidationError, UnicodeError) as error:
            problems.append(
                f"setting {SECTION}.{field.name} cannot be {_kind(value[field.name])} here ({error}); "
                f"its default {msgspec.json.encode(field.default).decode()} is used"
            )
    return Settings(**chosen), problems


def _kind(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"a {type(value).__name__}"
