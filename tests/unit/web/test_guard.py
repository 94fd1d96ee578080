"""Who may use the control API."""

import pytest
from tests.plain_control import BEARER, PlainControl, client_of

from pointsman.web.app import control_app

READ = "/api/v1/status"
RELOAD = "/api/v1/config/reload"


async def test_a_program_of_this_machine_may_read_without_the_token():
    async with client_of(PlainControl()) as client:
        assert (await client.get(READ)).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8484", "[::1]:8484", "127.0.0.9", "LOCALHOST"])
async def test_all_names_of_this_machine_are_known(host):
    async with client_of(PlainControl()) as client:
        assert (await client.get(READ, headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "["])
async def test_a_name_that_was_made_to_resolve_here_is_refused(host):
    async with client_of(PlainControl()) as client:
        answer = await client.get(READ, headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "foreign_caller"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-forwarded-for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
    ],
)
async def test_pages_of_others_and_forwarded_requests_are_refused(headers):
    async with client_of(PlainControl()) as client:
        assert (await client.get(READ, headers=headers)).status_code == 403


async def test_a_page_of_our_own_may_read():
    async with client_of(PlainControl()) as client:
        own = {"origin": "http://127.0.0.1:8484", "sec-fetch-site": "same-origin"}
        assert (await client.get(READ, headers=own)).status_code == 200


async def test_another_machine_needs_the_token_even_on_a_loopback_listener():
    async with client_of(PlainControl(), peer="203.0.113.9") as client:
        assert (await client.get(READ)).status_code == 403
        assert (await client.get(READ, headers=BEARER)).status_code == 200


async def test_changes_always_need_the_token():
    control = PlainControl()
    async with client_of(control) as client:
        answer = await client.post(RELOAD)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert control.done == []
        assert (await client.post(RELOAD, headers=BEARER)).status_code == 200
    assert control.done == ["reload"]


async def test_beyond_loopback_reading_needs_the_token_too():
    async with client_of(PlainControl(), loopback_only=False) as client:
        assert (await client.get(READ)).status_code == 401
        assert (await client.get(READ, headers=BEARER)).status_code == 200


@pytest.mark.parametrize("sent", ["Bearer wrong", "Basic the-admin-token", "the-admin-token", "Bearer", "é"])
async def test_a_wrong_token_is_never_taken_for_none(sent):
    async with client_of(PlainControl()) as client:
        answer = await client.get(READ, headers={"authorization": sent.encode()})
    assert answer.status_code == 401
    assert "the-admin-token" not in answer.text


async def test_the_token_opens_to_any_name_and_page():
    foreign = {"host": "gateway.example", "origin": "https://elsewhere.example", **BEARER}
    async with client_of(PlainControl()) as client:
        assert (await client.get(READ, headers=foreign)).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_token(path):
    async with client_of(PlainControl(), loopback_only=False) as client:
        assert (await client.get(path)).status_code == 200


async def test_unknown_paths_below_the_api_are_guarded_as_well():
    async with client_of(PlainControl(), loopback_only=False) as client:
        assert (await client.get("/api/v1/nothing")).status_code == 401


def test_an_empty_token_is_no_token():
    with pytest.raises(ValueError, match="admin token"):
        control_app(PlainControl(), admin_token="", loopback_only=True)
