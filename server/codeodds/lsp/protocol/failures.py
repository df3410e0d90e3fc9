"""What a request is answered with when it fails for a reason that codeodds names."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.errors import CodeoddsError, Superseded

SERVER_CANCELLED = int(lsp.LSPErrorCodes.ServerCancelled)
REQUEST_FAILED = int(lsp.LSPErrorCodes.RequestFailed)


def as_response(error: CodeoddsError) -> JsonRpcException:
    """ServerCancelled if the document changed meanwhile: the client may ask again. RequestFailed for the rest."""
    code = SERVER_CANCELLED if isinstance(error, Superseded) else REQUEST_FAILED
    return JsonRpcException(str(error), code)
