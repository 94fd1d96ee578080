import json
from typing import get_args

import pytest
from anthropic.types.shared.error_type import ErrorType

from pointsman.core.errors import (
    BodyTooLarge,
    CannotCarry,
    ContextTooLong,
    Draining,
    Internal,
    InvalidRequest,
    NotFound,
    NotPermitted,
    QuotaExhausted,
    SlowClient,
    Unauthenticated,
    UpstreamBroken,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)
from pointsman.gateway.dialects.anthropic import CODEC


def said(kind, message="words"):
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (InvalidRequest("x"), 400, "invalid_request_error"),
        (CannotCarry("x"), 400, "invalid_request_error"),
        (Unauthenticated("x"), 401, "authentication_error"),
        (NotPermitted("x"), 403, "permission_error"),
        (NotFound("x"), 404, "not_found_error"),
        (SlowClient("x"), 408, "timeout_error"),
        (BodyTooLarge("x"), 413, "request_too_large"),
        (QuotaExhausted("x"), 429, "rate_limit_error"),
        (UpstreamLimited("x"), 429, "rate_limit_error"),
        (Internal("x"), 500, "api_error"),
        (UpstreamBroken("x"), 502, "api_error"),
        (UpstreamTimeout("x"), 504, "timeout_error"),
        (UpstreamOverloaded("x"), 529, "overloaded_error"),
        (Draining("x"), 529, "overloaded_error"),
    ],
)
def test_every_error_has_its_status_and_word(error, status, word):
    found, body = CODEC.render_error(error, "req_1")
    expected = {"type": "error", "error": {"type": word, "message": "x"}, "request_id": "req_1"}
    assert (found, json.loads(body)) == (status, expected)
    assert word in {*get_args(ErrorType), "request_too_large"}


@pytest.mark.parametrize("message", ["9 > 8 tokens", "Prompt is too long: 9 > 8 tokens"])
def test_a_prompt_that_is_too_long_is_said_as_clients_know_it(message):
    status, body = CODEC.render_error(ContextTooLong(message), "req_1")
    assert status == 400
    assert json.loads(body)["error"]["message"].lower() == "prompt is too long: 9 > 8 tokens"


def test_the_field_at_fault_is_named():
    _, body = CODEC.render_error(CannotCarry("not here", param="n"), "req_1")
    assert json.loads(body)["error"]["message"] == "n: not here"


@pytest.mark.parametrize(
    ("status", "body", "fault", "kind", "try_next"),
    [
        (429, said("rate_limit_error"), UpstreamLimited, "rate_limit", True),
        (429, b"slow down", UpstreamLimited, "rate_limit", True),
        (529, said("overloaded_error"), UpstreamOverloaded, "overloaded", True),
        (503, b"<html>", UpstreamOverloaded, "overloaded", True),
        (500, said("overloaded_error"), UpstreamOverloaded, "overloaded", True),
        (500, said("api_error"), UpstreamBroken, "api_error", True),
        (502, b"<html>bad gateway</html>", UpstreamBroken, "api_error", True),
        (404, b"<html>not found</html>", UpstreamBroken, "api_error", True),
        (302, b"", UpstreamBroken, "api_error", True),
        (504, said("timeout_error"), UpstreamTimeout, "timeout", True),
        (401, said("authentication_error"), UpstreamRejected, "authentication", True),
        (402, said("billing_error"), UpstreamRejected, "quota", True),
        (403, said("permission_error"), UpstreamRejected, "permission", True),
        (404, said("not_found_error"), UpstreamRejected, "not_found", True),
        (413, said("request_too_large"), UpstreamRejected, "too_large", False),
        (400, said("invalid_request_error"), UpstreamRejected, "invalid_request", False),
        (422, said("brand_new"), UpstreamRejected, "invalid_request", False),
        (
            400,
            said("invalid_request_error", "Your credit balance is too low to go on"),
            UpstreamRejected,
            "quota",
            True,
        ),
    ],
)
def test_what_a_provider_means(status, body, fault, kind, try_next):
    error = CODEC.read_error(status, [], body)
    assert (type(error), error.kind, error.try_next) == (fault, kind, try_next)


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 9 tokens > 8 maximum",
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8",
    ],
)
def test_a_prompt_too_long_for_one_provider_may_fit_another(message):
    error = CODEC.read_error(400, [], said("invalid_request_error", message))
    assert (error.code, error.kind, error.try_next) == ("context_length_exceeded", "context_length", True)
    assert json.loads(CODEC.render_error(error, "r")[1])["error"]["message"].startswith(
        "prompt is too long: "
    )


def test_a_provider_keeps_its_words_and_its_wait():
    body = said("rate_limit_error")
    headers = [(b"retry-after", b"12"), (b"content-type", b"application/json; charset=utf-8")]
    error = CODEC.read_error(429, headers, body)
    assert (error.message, error.retry_after_s, error.body) == ("words", 12, body)
    assert error.content_type == b"application/json; charset=utf-8"


def test_a_page_of_html_is_never_passed_on():
    assert CODEC.read_error(502, [(b"content-type", b"text/html")], b"<html>").body is None


def test_a_refused_status_is_kept():
    assert CODEC.read_error(422, [], said("invalid_request_error")).status == 422
    assert CODEC.read_error(529, [], b"").status == 529
