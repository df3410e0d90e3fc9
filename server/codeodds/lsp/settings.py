"""The server's settings: typed, each with a default. A wrong value is reported by name and replaced by its default."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

SECTION = "codeodds"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may set, in `initializationOptions` or under ``codeodds`` in its configuration."""

    enable: bool = True
    """Score open documents by themselves. `codeodds/score` works either way."""
    debounce_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 150
    """Pause after the last change before the document is scored."""
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """Functions below this probability get a diagnostic; null means the threshold that the bundle was measured at."""
    inlay_hints: bool = True
    """Show the probability behind each signature."""
    max_hints: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    """At most this many lines are pointed at in one function."""
    max_functions: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """At most this many functions of a document are scored; those nearest to the last change come first."""


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
        except msgspec.ValidationError as error:
            problems.append(
                f"setting {SECTION}.{field.name} cannot be {_kind(value[field.name])} here ({error}); "
                f"its default {msgspec.json.encode(field.default).decode()} is used"
            )
    return Settings(**chosen), problems


def _kind(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"a {type(value).__name__}"
