"""The server's settings: typed, each with a default. A wrong value is reported by name and replaced by its default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from codeodds.source.exclusion import Patterns

SECTION = "codeodds"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a document, or for the server. `FOR_CLIENTS` names the fields that a client may set, in
    `initializationOptions` or under ``codeodds`` in its configuration; the others are limits that nobody has to choose.

    docs/settings.md is made from the fields for clients and their docstrings.
    """

    enable: bool = True
    """Score open documents by themselves. `codeodds/score` and the commands work either way."""
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """Functions below this probability get a diagnostic. null: the threshold that the model was measured at."""
    severity: Literal["hint", "information", "warning"] = "hint"
    """Severity of diagnostics. Editors show `hint` in the code only, the others in their list of problems too."""
    diagnostics: bool = True
    """Mark the lines at which the value of an improbable function drops most."""
    inlay_hints: bool = True
    """Show the probability behind each signature."""
    code_lens: bool = False
    """Show the probability above each function. It shifts the code, and says the same as the inlay hint."""
    hover: bool = True
    """Explain the probability, with the value of each line, when the pointer rests on a signature."""
    exclude: Patterns = ()
    """Documents that match one of these patterns are not scored by themselves. The rules are those of a `.gitignore`
    and hold below the workspace folder: a name without a slash means a file or folder anywhere, as in `generated` or
    `test_*.py`; one with a slash starts at the folder, as in `src/gen/**` or `./build`; `**/` stands for any folders, a
    leading `!` takes back in. `{a,b}`, backslashes between folders and absolute paths can be used too. A pattern that
    can match nothing is reported in the log. `exclude` under `[tool.codeodds]` in the nearest pyproject.toml that has
    this table is added."""
    module_code: bool = False
    """Score the code outside functions too, as one unit."""
    model: Annotated[str, msgspec.Meta(max_length=4_096)] = ""
    """Folder of the model's bundle. Empty: the one that the server was started with, or the default bundle."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    """Threads that the model may use; never more than the process has cores."""
    complete_names: bool = False
    """Offer the names that Jedi knows at the cursor within a function, the most probable first, beside the lists of
    other servers. Needs codeodds with its extra `completion`. In VS Code, the words of the document are not listed
    where codeodds has a name."""
    completions_source: Literal["endpoint", "local"] = "endpoint"
    """Who writes completions and alternative bodies: the server at `completions_url`, or `local`, the language model in
    the bundle. The default bundle has one."""
    completions_url: Annotated[str, msgspec.Meta(max_length=2_048)] = ""
    """Server with OpenAI's completions protocol, such as `http://127.0.0.1:8080/v1`. It is asked for inline completions
    and alternative bodies, and gets the imports, class header, signature and docstring of a function, and its body up
    to the cursor. Empty: nothing is asked and no connection is opened."""
    completions_model: Annotated[str, msgspec.Meta(max_length=512)] = ""
    """Name of the model at `completions_url`. Empty where the server has only one."""
    completions_key_variable: Annotated[str, msgspec.Meta(max_length=256, pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""
    """Environment variable of the server's process that holds the key for `completions_url`. Empty: no key. A key that
    the editor stores for the same address goes first."""

    max_hints: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    """Lines marked in one function, at most."""
    hints_per_screen: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    """Diagnostics in any 50 lines, at most; those of the least probable functions stay."""
    debounce_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 150
    """Pause after the last change before the document is scored."""
    adaptive_debounce: bool = True
    """Whether the pause follows the speed of typing and of scores."""
    request_timeout_ms: Annotated[int, msgspec.Meta(ge=100, le=600_000)] = 10_000
    """A request that waits for scores is answered after this time with what is known. Each function without a score,
    after the first, adds a tenth of it, up to ten minutes in all."""
    memory_limit_mb: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 80
    """Memory for what the engine remembers of scored code, in units of 1,000,000 bytes; 0 remembers nothing."""
    idle_unload_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600
    """The model leaves memory after this time without a score; 0 keeps it."""
    max_functions: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """Functions of a document that are scored, at most; those nearest to the last change come first."""
    names_budget_ms: Annotated[int, msgspec.Meta(ge=50, le=60_000)] = 10_000
    """Time for a list of names. What is known by then is shown. Clients cancel the request of somebody who types on."""
    completions_samples: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    """Number of completions or bodies to request; the most probable is shown first."""
    completions_temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.8
    """Temperature of the sampling."""
    completions_min_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """With `local`, tokens less probable than this fraction of the most probable one are never taken."""
    completions_max_tokens: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 128
    """Longest completion, in tokens of the model that writes it."""
    completions_body_max_tokens: Annotated[int, msgspec.Meta(ge=1, le=8_192)] = 512
    """Longest alternative body, in tokens of the model that writes it; one that is cut off is left out."""
    completions_budget_ms: Annotated[int, msgspec.Meta(ge=100, le=120_000)] = 4_000
    """Time for a completion: two thirds for the samples, the rest for their scores. What is known by then is shown."""

    @property
    def writes_completions(self) -> bool:
        """Whether anybody may be asked for text."""
        return self.completions_source == "local" or bool(self.completions_url)


FOR_CLIENTS: tuple[str, ...] = (
    "enable",
    "threshold",
    "severity",
    "diagnostics",
    "inlay_hints",
    "code_lens",
    "hover",
    "exclude",
    "module_code",
    "model",
    "threads",
    "complete_names",
    "completions_source",
    "completions_url",
    "completions_model",
    "completions_key_variable",
)
"""The fields that a client may set."""


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
        if field.name not in FOR_CLIENTS or field.name not in value:
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
