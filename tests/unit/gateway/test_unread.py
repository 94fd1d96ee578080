"""Requests that are refused before they are read have rows in the log, but not without end."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.plain_control import a_policy

from pointsman.accounting.budgets import Budgets
from pointsman.core.events import FinishState, RequestRecord
from pointsman.core.keys import ApiKey, digest_of
from pointsman.core.snapshot import AgentProfile
from pointsman.gateway.agents import AgentRegistry
from pointsman.gateway.frontend import Frontend
from pointsman.gateway.http.exchange import Exchange
from pointsman.gateway.http.protocol import Limits
from pointsman.gateway.identify import Identifier
from pointsman.gateway.keyring import KeyRing
from pointsman.gateway.masks import Mask
from pointsman.gateway.parts import Parts
from pointsman.gateway.pipeline import Pipeline
from pointsman.gateway.unread import ROWS_PER_WINDOW, WINDOW_S, UnreadCap

KEY = ApiKey(id="key-1", name="k", digest=digest_of("pm-secret"), hint="cret", agent="builder")


class Gateway:
    """A frontend over a pipeline; what is journaled and what is answered can be read."""

    def __init__(self, *, require_key: bool = False) -> None:
        self.rows: list[RequestRecord] = []
        self.written = b""
        self.policy = SimpleNamespace(current=a_policy())
        parts: Any = Parts(
            policy=self.policy,
            identifier=Identifier(KeyRing([KEY]), require_key=require_key),
            registry=AgentRegistry(),
            recorder=SimpleNamespace(append=self.rows.append),
            budgets=Budgets(),
            mask=Mask(b"secret"),
        )
        self.unread = parts.unread
        self.frontend = Frontend(Pipeline(parts), Limits())

    def exchange(self, method: str, path: str, **headers: str) -> Exchange:
        made = Exchange(SimpleNamespace(write=self._write), lambda _: None)
        made.method, made.client_ip = method, "127.0.0.1"
        made.headers = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        assert self.frontend.match(method.encode(), path.encode(), made)
        return made

    def _write(self, data: bytes) -> None:
        self.written += data


@pytest.fixture
async def gateway():
    return Gateway()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/chat/completions", b"", 405, "method_not_allowed"),
        ("POST", "/v1/nowhere", b"", 404, "not_found"),
        ("POST", "/v1/messages", b"{", 400, "invalid_json"),
    ],
)
async def test_a_row_tells_who_was_refused_and_why(gateway, method, path, body, status, code):
    exchange = gateway.exchange(method, path, x_agent_id="ci")
    exchange.body = body
    await gateway.frontend.serve(exchange)
    (row,) = gateway.rows
    assert (row.status, row.error_code, row.finish_state) == (status, code, FinishState.REFUSED)
    assert (row.agent_id, row.agent_source, row.model) == ("ci", "header", "")
    assert f"x-pointsman-request-id: {row.request_id}\r\n".encode() in gateway.written


@pytest.mark.parametrize(
    ("why", "status", "waited_ms"),
    [("too_large", 413, 0), ("large_head", 431, 0), ("malformed", 400, 0), ("slow", 408, 60_000)],
)
async def test_what_does_not_arrive_whole_has_a_row(gateway, why, status, waited_ms):
    gateway.frontend.refuse(gateway.exchange("POST", "/a/ci/v1/responses"), why)
    (row,) = gateway.rows
    assert (row.status, row.agent_id, row.dialect) == (status, "ci", "openai_responses")
    assert row.latency_ms == pytest.approx(waited_ms, abs=5_000)


async def test_what_asks_for_no_path_of_ours_has_none(gateway):
    gateway.frontend.refuse(Exchange(SimpleNamespace(write=gateway._write), lambda _: None), "malformed")
    assert (gateway.rows, gateway.written[:12]) == ([], b"HTTP/1.1 400")


async def test_a_key_is_noted_and_nobody_is_taken_at_his_word_where_one_is_required():
    gateway = Gateway(require_key=True)
    for headers in ({"authorization": "Bearer pm-secret"}, {"x_agent_id": "builder"}):
        gateway.frontend.refuse(gateway.exchange("POST", "/v1/messages", **headers), "too_large")
    assert [(row.agent_id, row.key_id) for row in gateway.rows] == [("builder", "key-1"), ("unknown", None)]


async def test_an_agent_that_is_not_to_be_named_or_logged_is_not(gateway):
    quiet = AgentProfile(id="ci", anonymous=True, log_requests=False)
    gateway.policy.current = replace(a_policy(), agents={"ci": quiet})
    gateway.frontend.refuse(gateway.exchange("POST", "/v1/messages", x_agent_id="ci"), "too_large")
    (row,) = gateway.rows
    assert (row.agent_id != "ci", row.logged) == (True, False)


async def test_a_flood_of_garbage_does_not_fill_the_journal(gateway):
    for _ in range(3 * ROWS_PER_WINDOW):
        gateway.frontend.refuse(gateway.exchange("POST", "/v1/messages"), "too_large")
    assert len(gateway.rows) == ROWS_PER_WINDOW
    assert (gateway.unread.counts.logged, gateway.unread.counts.left_out) == (
        ROWS_PER_WINDOW,
        2 * ROWS_PER_WINDOW,
    )


@given(st.lists(st.floats(0, 10 * WINDOW_S), max_size=500))
def test_no_minute_gets_more_rows_than_it_may(steps_s):
    cap = UnreadCap()
    times_s = sorted(steps_s)
    let_through = [time_s for time_s in times_s if cap.admit(time_s)]
    assert cap.counts.logged + cap.counts.left_out == len(times_s)
    for number, time_s in enumerate(let_through):
        end_s = (
            let_through[number + 2 * ROWS_PER_WINDOW]
            if number + 2 * ROWS_PER_WINDOW < len(let_through)
            else None
        )
        assert end_s is None or end_s - time_s >= WINDOW_S
