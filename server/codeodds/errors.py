"""Everything that codeodds raises on purpose.

CodeoddsError
├── BundleError            the model bundle cannot be used
│   ├── BundleMissing      no bundle, or a file of it, at that place
│   ├── BundleCorrupt      a file's content is not what the manifest says
│   └── BundleUnsupported  a format or a graph that this version cannot run
├── SourceError            a document cannot be read as Python source
├── UnitError              one scoring unit cannot be judged; others can
│   ├── UnitEmpty          it has no solution tokens
│   ├── UnitTooLong        it exceeds the bundle's safe context length
│   ├── UnitNotText        it holds characters that no source file can hold
│   └── CannotCompare      it cannot be compared with small edits of itself
├── EngineError            the model could not be run: memory, or the runtime itself failed
│   └── ModelChanged       its files were written to while it was in use
├── EndpointError          a completions endpoint gave no candidates
├── CompletionError        there are no names to complete with
├── ExecutionError         programs cannot be run here
├── RankError              candidates cannot be ranked at all
├── RowError               one JSONL row cannot be used; others can
├── StreamError            stdin or stdout cannot be used
├── SettingError           a setting has the wrong type or is out of range
├── ProtocolError          what a client of the language server sends cannot be cut into messages
├── Superseded             a newer version took this request's place
└── RequestTimeout         a request waited longer than its limit

Each message names the file, flag or value, the limit, and what to do next.
"""

from __future__ import annotations

MORE_MEMORY = "close other programs, or raise the limit that the shell or the container sets, and try again"
"""What to do where memory was too short."""


class CodeoddsError(Exception):
    """Base of all errors that carry a message meant for the user."""


class BundleError(CodeoddsError):
    """The model bundle cannot be used."""


class BundleMissing(BundleError):
    """There is no bundle, or a file of it is missing."""


class BundleCorrupt(BundleError):
    """A file of the bundle does not hold what the manifest says."""


class BundleUnsupported(BundleError):
    """The bundle's format or graph is one that this version cannot run."""


class SourceError(CodeoddsError):
    """A document cannot be read as Python source."""


class UnitError(CodeoddsError):
    """One scoring unit cannot be judged."""


class UnitEmpty(UnitError):
    """The unit has no solution tokens."""


class UnitTooLong(UnitError):
    """The unit has more tokens than the bundle's safe context length."""


class UnitNotText(UnitError):
    """The unit holds characters that no UTF-8 source file can hold, such as lone surrogates."""


class CannotCompare(UnitError):
    """The unit cannot be compared with small edits of itself: it does not parse here, or it is too long."""


class EngineError(CodeoddsError):
    """The runtime failed while the model ran. The bundle passed its checks; the machine's memory may be short."""


class ModelChanged(EngineError):
    """A file of the model was written to while it was in use. It can be opened anew."""


class EndpointError(CodeoddsError):
    """The endpoint that the settings name cannot be asked, or gave nothing that can be used."""


class CompletionError(CodeoddsError):
    """Jedi, which knows the names that can stand at a place, is not installed or failed."""


class ExecutionError(CodeoddsError):
    """Programs cannot be run here; the message says what the system lacks."""


class RankError(CodeoddsError):
    """There is nothing to rank, or too much."""


class RowError(CodeoddsError):
    """One JSONL row cannot be used."""


class StreamError(CodeoddsError):
    """One of the process's own streams is closed."""


class SettingError(CodeoddsError):
    """A setting has the wrong type or is out of range."""


class ProtocolError(CodeoddsError):
    """What a client of the language server sends cannot be cut into messages."""


class RequestTimeout(CodeoddsError):
    """The request waited longer than the limit that the settings give it."""


class Superseded(CodeoddsError):
    """A newer request for the same key took this one's place, or it was cancelled."""
