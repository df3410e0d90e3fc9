"""Finds the small edits that a language model finds more likely than a function as it is written.

For a function with problem P and body b, and an edit that makes the body b_e: ``log-odds = log p(b_e | P) - log p(b |
P)``, in nats, summed from the first token that differs. One pass over the function gives every candidate's first
differing token; the best of these are read over a short window behind the edit, and the last few to the end
(successive halving: Jamieson and Talwalkar, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from codeodds.bundle.tokenization import CodeTokenizer, EncodedUnit
from codeodds.edits.edit import Edit
from codeodds.engine.api import Cancellation, LanguageModel, Reading
from codeodds.odds.evidence import bias
from codeodds.types import IntArray, ScoringUnit

WINDOW_CANDIDATES, WINDOW_TOKENS = 12, 12
"""So many candidates are read so far behind the edit."""
END_CANDIDATES, END_TOKENS = 3, 128
"""So many of these are read to the end of the function, or so far."""
HOPELESS = -4.0
"""In nats: a candidate with less evidence than this over its window is not read on."""
LEAST_FIRST = -4.0
"""In nats: a candidate whose first differing token is less likely than the token written by more than this is not read
at all. Of a dozen edits that restored a function none lay below -2."""
MOST_LOST = 3
"""An edit that takes more tokens away is no small one."""
LONGEST_EDIT = 32
"""Tokens that an edit may write; longer ones cost as much as several others."""
PROPOSALS, PROPOSED_TOKENS = 4, 3
"""At so many places the model says what it would have written, in so many tokens."""
LEAST_MARGIN = 1.5
"""In nats: by how much its first choice must beat the token that stands there."""


class Catalogue(Protocol):
    """What the search needs of `codeodds.edits.catalogue.Candidates`."""

    def edits(self) -> list[Edit]: ...

    def objection(self, edit: Edit) -> str | None: ...

    def speaks_of(self, edit: Edit) -> bool: ...


@dataclass(frozen=True, slots=True)
class Alternative:
    """One edit and how likely it is."""

    edit: Edit
    log_odds: float
    """Of the function with the edit against the function as it is written, in nats."""
    gained: int
    """Tokens of the edited function less tokens of the function."""
    to_the_end: bool
    """Whether what follows was read with the edit, as far as `END_TOKENS`; else a window behind it."""
    bias: float = 0.0
    """What the log-odds owe to words and lengths, in nats; see `codeodds.odds.evidence`."""

    @property
    def evidence(self) -> float:
        """What the log-odds say beyond that, in nats."""
        return self.log_odds - self.bias


@dataclass(frozen=True, slots=True)
class Odds:
    """What a search found."""

    alternatives: tuple[Alternative, ...]
    """The most likely first; those read to the end before the others."""
    candidates: int
    """How many edits were compared."""
    tokens: int
    """Of the function's body."""
    mean_log_probability: float
    """Of these tokens, in nats."""
    computed_tokens: int
    """Tokens that the search ran, in both graphs, beyond one pass over the function."""

    @property
    def evidence(self) -> float:
        """Of the edit that has most of it; -inf where there is none."""
        return self.alternatives[0].evidence if self.alternatives else float("-inf")


@dataclass(slots=True)
class _Candidate:
    """An edit as tokens. Where the texts part, the tokens [first, end) stand in place of [first, old_end)."""

    edit: Edit
    ids: IntArray
    first: int
    end: int
    old_end: int
    gained: int
    bias: float
    first_log: float = 0.0
    """Log-probability of its first differing token."""
    log_odds: float = float("-inf")
    to_the_end: bool = False

    @property
    def evidence(self) -> float:
        return self.log_odds - self.bias


@dataclass(slots=True)
class Search:
    """One search; it can be run again after it was cancelled, and goes on from what it knows."""

    unit: ScoringUnit
    catalogue: Catalogue
    _encoded: EncodedUnit | None = None
    _reading: Reading | None = None
    _ranked: list[_Candidate] | None = None
    _count: int = 0
    _computed: int = 0
    _done: set[tuple[int, bool]] = field(default_factory=set)

    def run(self, language: LanguageModel, cancellation: Cancellation | None = None) -> Odds:
        """Raises: UnitError for a function that cannot be read; Superseded when cancelled; EngineError."""
        cancellation = cancellation or Cancellation()
        if self._ranked is None:
            self._ranked = self._rank(language, cancellation)
        self._read_on(language, cancellation, self._ranked, WINDOW_TOKENS)
        ordered = sorted(self._ranked, key=lambda candidate: -candidate.evidence)
        finalists = [candidate for candidate in ordered[:END_CANDIDATES] if candidate.evidence > HOPELESS]
        self._read_on(language, cancellation, finalists, None)
        return self._odds()

    def _rank(self, language: LanguageModel, cancellation: Cancellation) -> list[_Candidate]:
        """The candidates worth a window, the best first token first."""
        tokenizer = language.tokenizer
        encoded = self._encoded = tokenizer.encode(self.unit)
        edits = self.catalogue.edits()
        cancellation.raise_if_cancelled()
        found = _candidates(self.unit, encoded, edits, tokenizer)
        asked = [(candidate.first, int(candidate.ids[candidate.first])) for candidate in found]
        start = max(encoded.solution_start, 1)
        reading = self._reading = language.read(encoded.ids, start, asked, cancellation)
        for candidate, log in zip(found, reading.asked.tolist(), strict=True):
            candidate.first_log = log
        known = {candidate.edit.apply(self.unit.solution) for candidate in found}
        found += self._proposals(language, encoded, reading, known, cancellation)
        self._count = len(found)
        for candidate in found:
            candidate.log_odds = candidate.first_log - float(reading.own[candidate.first])
        found.sort(key=lambda candidate: -candidate.evidence)
        chosen: list[_Candidate] = []
        for candidate in found:
            if len(chosen) == WINDOW_CANDIDATES:
                break
            cancellation.raise_if_cancelled()
            if candidate.log_odds >= LEAST_FIRST and self.catalogue.objection(candidate.edit) is None:
                chosen.append(candidate)
        return chosen

    def _proposals(
        self,
        language: LanguageModel,
        encoded: EncodedUnit,
        reading: Reading,
        known: set[str],
        cancellation: Cancellation,
    ) -> list[_Candidate]:
        """What the model would have written where its first choice beats what stands there most, until its text meets
        the function's again: other tokens, or more of them.
        """
        margins = reading.likeliest_logs[:, 0] - reading.own
        margins[: max(encoded.solution_start, 1)] = -np.inf
        places = [int(place) for place in np.argsort(-margins)[:PROPOSALS] if margins[place] >= LEAST_MARGIN]
        written = {place: [int(reading.likeliest[place, 0])] for place in places}
        joined: list[tuple[int, list[int], int]] = []
        for place in places:
            joined += [(place, written[place], place + 1)]
        for _ in range(PROPOSED_TOKENS):
            open_places = [place for place in places if written[place][-1] not in language.tokenizer.ends]
            rows = [(place, np.asarray(written[place], dtype=np.int64)) for place in open_places]
            if not rows:
                break
            self._computed += sum(len(ids) for _, ids in rows)
            for place, (_, likeliest) in zip(open_places, language.read_rows(reading, rows, cancellation), strict=True):
                following = int(likeliest[-1])
                joins = [place + skip for skip in range(4) if _at(reading.ids, place + skip) == following]
                joined += [(place, list(written[place]), join) for join in joins]
                written[place] = [*written[place], following]
        edits = []
        for place, ids, join in joined:
            edit = _as_edit(self.unit, encoded, place, language.tokenizer.continuation(encoded.ids[:place], ids), join)
            text = None if edit is None else edit.apply(self.unit.solution)
            if edit is not None and text is not None and text not in known and self.catalogue.speaks_of(edit):
                known.add(text)
                edits.append(edit)
        found = _candidates(self.unit, encoded, edits, language.tokenizer)
        kept = []
        for candidate in found:
            token = int(candidate.ids[candidate.first])
            likely = np.flatnonzero(reading.likeliest[candidate.first] == token)
            # An edit that only saves tokens wins too easily to be one of the model's own.
            if len(likely) and candidate.gained >= 0:
                candidate.first_log = float(reading.likeliest_logs[candidate.first, likely[0]])
                kept.append(candidate)
        return kept

    def _read_on(
        self, language: LanguageModel, cancellation: Cancellation, candidates: Sequence[_Candidate], window: int | None
    ) -> None:
        """Read candidates over a window behind the edit, or to the end, and note their log-odds."""
        reading = self._reading
        assert reading is not None
        todo = [candidate for candidate in candidates if (id(candidate), window is None) not in self._done]
        rows = []
        for candidate in todo:
            end = candidate.end + (END_TOKENS if window is None else window)
            rows.append((candidate.first, candidate.ids[candidate.first : end]))
        for candidate, row, (logs, _) in zip(todo, rows, language.read_rows(reading, rows, cancellation), strict=True):
            read = len(row[1]) - (candidate.end - candidate.first)
            new = candidate.first_log + float(logs.sum())
            old = float(reading.own[candidate.first : candidate.old_end + read].sum())
            candidate.log_odds = new - old
            candidate.to_the_end = window is None
            self._computed += len(row[1])
            self._done.add((id(candidate), window is None))

    def _odds(self) -> Odds:
        assert self._encoded is not None
        assert self._reading is not None
        assert self._ranked is not None
        old = len(self._encoded.ids)
        ordered = sorted(self._ranked, key=lambda candidate: (not candidate.to_the_end, -candidate.evidence))
        own = self._reading.own[max(self._encoded.solution_start, 1) :]
        return Odds(
            tuple(
                Alternative(one.edit, round(one.log_odds, 4), one.gained, one.to_the_end, one.bias) for one in ordered
            ),
            self._count,
            old - self._encoded.solution_start,
            float(own.mean()) if len(own) else 0.0,
            self._computed,
        )


def _candidates(
    unit: ScoringUnit, encoded: EncodedUnit, edits: Sequence[Edit], tokenizer: CodeTokenizer
) -> list[_Candidate]:
    """The edits as tokens; those that only shorten the end, or write too much, are left out."""
    texts = [unit.problem + edit.apply(unit.solution) for edit in edits]
    found = []
    for edit, ids in zip(edits, tokenizer.encode_texts(texts), strict=True):
        shorter = min(len(ids), len(encoded.ids))
        differ = ids[:shorter] != encoded.ids[:shorter]
        if not differ.any():
            continue
        first = int(differ.argmax())
        backwards = ids[::-1][: shorter - first] != encoded.ids[::-1][: shorter - first]
        same_end = int(backwards.argmax()) if backwards.any() else shorter - first
        end = max(len(ids) - same_end, first + 1)
        old_end = end + len(encoded.ids) - len(ids)
        gained = len(ids) - len(encoded.ids)
        sane = end - first <= LONGEST_EDIT and gained >= -MOST_LOST
        if first >= max(encoded.solution_start, 1) and old_end >= first and sane:
            found.append(_Candidate(edit, ids, first, end, old_end, gained, bias(unit, edit, gained)))
    return found


def _as_edit(unit: ScoringUnit, encoded: EncodedUnit, place: int, text: str, join: int) -> Edit | None:
    """An edit that writes `text` from the token `place` to the token `join`; None if a token splits a character."""
    first, behind = place - encoded.solution_start, join - encoded.solution_start
    start = int(encoded.offsets[first, 0])
    end = int(encoded.offsets[behind, 0]) if behind < len(encoded.offsets) else len(unit.solution)
    if start > end or "\ufffd" in text:
        return None
    return Edit(start, end, text, "model")


def _at(ids: IntArray, place: int) -> int | None:
    return int(ids[place]) if place < len(ids) else None
