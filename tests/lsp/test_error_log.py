"""What the server's log says of requests that came to nothing."""

from __future__ import annotations

import logging

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.engine.fake import FakeScorer
from codeodds.lsp.setup import create_server


@pytest.mark.parametrize(
    ("error", "level", "text"),
    [
        (JsonRpcException("x = secret", lsp.LSPErrorCodes.ServerCancelled), "DEBUG", "the error code -32802"),
        (JsonRpcException("x = secret", lsp.LSPErrorCodes.RequestFailed), "DEBUG", "the error code -32803"),
        (JsonRpcException("x = secret", lsp.LSPErrorCodes.RequestCancelled), "DEBUG", "the error code -32800"),
        (JsonRpcException("x = secret", lsp.ErrorCodes.InternalError), "ERROR", "a request failed: JsonRpcException"),
        (ValueError("x = secret"), "ERROR", "a request failed: ValueError"),
    ],
)
def test_an_answer_on_purpose_is_no_error_and_no_text_of_one_is_logged(error, level, text, caplog):
    caplog.set_level(logging.DEBUG, "codeodds")
    create_server(FakeScorer).report_server_error(error, None)
    (record,) = [record for record in caplog.records if record.name == "codeodds.lsp.server"]
    assert record.levelname == level
    assert record.getMessage().endswith(text)
    assert "secret" not in caplog.text
