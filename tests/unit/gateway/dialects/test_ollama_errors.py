import pytest
from tests.unit.gateway.dialects.ollama_samples import CHAT, CODECS

from pointsman.core.errors import (
    InvalidRequest,
    NotFound,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)

HEADERS = [(b"content-type", b"application/json; charset=utf-8"), (b"retry-after", b"7")]


@pytest.mark.parametrize("codec", CODECS)
def test_an_error_is_one_text(codec):
    assert codec.render_error(NotFound("model 'x' not found"), "req") == (
        404,
        b'{"error":"model \'x\' not found"}',
    )


def test_an_error_names_its_field_once():
    assert CHAT.render_error(InvalidRequest("is odd", param="format"), "")[1] == b'{"error":"format: is odd"}'
    assert CHAT.render_error(InvalidRequest("format is odd", param="format"), "")[1] == (
        b'{"error":"format is odd"}'
    )


def test_an_error_in_a_stream_is_a_line():
    assert CHAT.stream_error(QuotaExhausted("spent"), "req") == b'{"error":"spent"}\n'


@pytest.mark.parametrize(
    ("status", "message", "error", "kind", "elsewhere"),
    [
        (400, "invalid options", UpstreamRejected, "invalid_request", False),
        (400, '"m" does not support tools', UpstreamRejected, "invalid_request", True),
        (400, "input exceeds maximum context length", UpstreamRejected, "context_length", True),
        (500, "exceeds the available context size", UpstreamRejected, "context_length", True),
        (401, "unauthorized", UpstreamRejected, "authentication", True),
        (403, "no", UpstreamRejected, "permission", True),
        (404, "model 'm' not found", UpstreamRejected, "not_found", True),
        (413, "too big", UpstreamRejected, "too_large", False),
        (429, "slow down", UpstreamLimited, "rate_limit", True),
        (500, "llama runner has terminated", UpstreamBroken, "api_error", True),
        (503, "server busy, please try again", UpstreamOverloaded, "overloaded", True),
        (504, "late", UpstreamTimeout, "timeout", True),
    ],
)
def test_every_refusal_has_its_meaning(status, message, error, kind, elsewhere):
    body = b'{"error":"%s"}' % message.replace('"', '\\"').encode()
    found = CHAT.read_error(status, HEADERS, body)
    assert (type(found), found.kind, found.try_next, found.message) == (error, kind, elsewhere, message)
    assert (found.body, found.content_type) == (body, HEADERS[0][1])
    assert found.retry_after_s == 7


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"404 page not found", b"[1]"])
def test_a_page_is_not_shown_to_clients(body):
    found = CHAT.read_error(502, [], body)
    assert (type(found), found.body, found.retry_after_s) == (UpstreamBroken, None, None)
    assert "502" in found.message


def test_a_proxys_error_object_is_read():
    assert CHAT.read_error(400, [], b'{"error":{"message":"odd"}}').message == "odd"
