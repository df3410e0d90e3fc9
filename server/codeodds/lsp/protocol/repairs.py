"""pygls' protocol, where it would lose an edit, an answer or a cancellation.

- Documents are kept by `documents` and `notebooks` alone. pygls' own copies count lines with `str.splitlines`, which
  also splits at form feeds, and would hold every text twice.
- A request that cannot be read is answered. pygls would leave the client waiting for ever.
- What was done with a notification is forgotten. pygls would keep it for ever: some kilobytes for each keystroke.
- A client's answer that cannot be read, or is an error, ends the server's request. pygls would wait for ever for the
  one, and remember the other.
- Cancelling a command ends the command, not only the wait for it.
- `exit` without `shutdown` before it is an exit status of its own. pygls' start of the server loses it.
- A request before `initialize` or after `shutdown` is refused, and no answer holds a traceback or the text of an error
  that nobody foresaw: it may quote the document.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

PARSE_ERROR = int(lsp.ErrorCodes.ParseError)
INVALID_REQUEST = int(lsp.ErrorCodes.InvalidRequest)
INVALID_PARAMS = int(lsp.ErrorCodes.InvalidParams)
INTERNAL_ERROR = int(lsp.ErrorCodes.InternalError)
NOT_INITIALIZED = int(lsp.ErrorCodes.ServerNotInitialized)

_TYPE = re.compile(r"[\w.]+")
"""How the text of an error starts: with the name of its type."""

Handled = Generator[Any, Any, None]


class Protocol(LanguageServerProtocol):
    """What the server does not take over from pygls. Messages never quote what the client sent."""

    exit_status = 0
    """What the process should end with; 0 where the client just closes its pipe."""

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Handled:
        yield from self._pass_on(lsp.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Handled:
        yield from self._pass_on(lsp.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> Handled:
        yield from self._pass_on(lsp.TEXT_DOCUMENT_DID_CLOSE, params)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: lsp.DidOpenNotebookDocumentParams) -> Handled:
        yield from self._pass_on(lsp.NOTEBOOK_DOCUMENT_DID_OPEN, params)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: lsp.DidChangeNotebookDocumentParams) -> Handled:
        yield from self._pass_on(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE, params)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: lsp.DidCloseNotebookDocumentParams) -> Handled:
        yield from self._pass_on(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE, params)

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.work_done_token: ContextVar[lsp.ProgressToken | None] = ContextVar("work_done_token", default=None)
        """Of the command that runs."""

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Callable[[Any], Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        def done(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A JSON object as a message, if it is one; called for every object within the message as well.

        Raises: JsonRpcException for a message of another shape, after it was answered if it was a request.
        """
        try:
            return super().structure_message(data)
        except JsonRpcException:
            if "method" in data and isinstance(data.get("id"), int | str):
                reason = "the parameters are not those of the method, see the protocol's specification"
                self.answer_with_error(data["id"], INVALID_PARAMS, reason)
            elif isinstance(data.get("id"), int | str):
                reason = "the client's answer is none that the protocol knows"
                self._handle_response(data["id"], error=lsp.ResponseError(INVALID_PARAMS, reason))
            raise

    def _handle_response(
        self, msg_id: int | str, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        self._result_types.pop(msg_id, None)
        super()._handle_response(msg_id, result, error)

    def handle_message(self, message: Any) -> None:
        """Pass a message on. What is JSON, but no message, is answered as the specification of JSON-RPC wants."""
        if not hasattr(message, "jsonrpc"):
            self.answer_with_error(None, INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            return
        method, number = getattr(message, "method", None), getattr(message, "id", None)
        if self._shutdown and method is not None and number is not None:
            self.answer_with_error(number, INVALID_REQUEST, "the server was shut down; send `exit` and start another")
            return
        if self._workspace is None and method not in (None, lsp.INITIALIZE, lsp.EXIT):
            if number is not None:
                self.answer_with_error(number, NOT_INITIALIZED, "the first request must be `initialize`")
            return
        super().handle_message(message)

    def answer_with_error(self, number: int | str | None, code: int, reason: str) -> None:
        """`number`: the request's id; None if it could not be read."""
        self._send_data(lsp.ResponseErrorMessage(id=number, error=lsp.ResponseError(code=code, message=reason)))

    def _send_response(
        self, msg_id: int | str, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        if error is not None and error.code == INTERNAL_ERROR:
            name = _TYPE.match(error.message)
            what = name.group() if name else "an error"
            error = lsp.ResponseError(INTERNAL_ERROR, f"the request failed unexpectedly ({what}); try it again")
        super()._send_response(msg_id, result, error)

    def answer_unreadable(self, error: Exception) -> None:
        """Tell the client that a message's content is not JSON."""
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            self.answer_with_error(None, PARSE_ERROR, "the message is not JSON")

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """Say as well that commands tell how far they are."""
        result = yield from super().lsp_initialize(params)
        if result.capabilities.execute_command_provider is not None:
            result.capabilities.execute_command_provider.work_done_progress = True
        return result

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Handled:
        """Cancel what is under way, on both sides; all but `exit` is passed over from here on."""
        yield from self._pass_on(lsp.SHUTDOWN, args[0] if args else None)
        current = self.msg_id
        # A copy: what is cancelled leaves the table at once.
        for number, future in list(self._request_futures.items()):
            if number != current and not future.done():
                future.cancel()
        self._shutdown = True

    @lsp_method(lsp.EXIT)
    def lsp_exit(self, *args: Any) -> Handled:
        """End the server, with status 1 if it was not shut down."""
        self.exit_status = 0 if self._shutdown else 1
        yield from super().lsp_exit(*args)

    @lsp_method(lsp.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: lsp.ExecuteCommandParams
    ) -> Any:
        """As a coroutine, so that a cancellation reaches the command.

        Raises: JsonRpcInvalidParams for a command that there is not, and what the command raises.
        """
        self.work_done_token.set(params.work_done_token)
        steps = super().lsp_workspace__execute_command(params)
        try:
            handler, args, kwargs = next(steps)
        except StopIteration as end:
            return end.value
        finally:
            steps.close()
        outcome = handler(*(args or ()), **(kwargs or {}))
        return await outcome if asyncio.iscoroutine(outcome) else outcome

    def _pass_on(self, method: str, params: Any) -> Handled:
        handler = self.fm.features.get(method)
        if handler is not None:
            yield handler, (params,), None
