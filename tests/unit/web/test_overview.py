"""What the gateway tells of itself, and the shape of what it refuses."""

import pytest
from tests.plain_control import BEARER, PlainControl, a_policy, client_of

from pointsman.web.bodies import MAX_BODY_BYTES
from pointsman.web.hindrances import NO_DATABASE
from pointsman.web.surface import OPERATIONS

NEEDING = ["/keys", "/log", "/requests/req_1", "/decisions/req_1", "/summary"]


async def get(path, control=None, **options):
    async with client_of(control or PlainControl()) as client:
        return await client.get(path, **options)


async def test_the_process_says_that_it_lives():
    answer = await get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


async def test_it_is_ready_without_the_database():
    answer = await get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "targets": 2, "draining": False, "database": "away"}


async def test_it_is_not_ready_without_targets():
    policy = a_policy()
    policy.targets.clear()
    answer = await get("/readyz", PlainControl(policy=policy))
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


async def test_it_is_not_ready_while_it_shuts_down():
    control = PlainControl()
    control.draining = True
    assert (await get("/readyz", control)).status_code == 503


async def test_status_tells_process_policy_database_and_health():
    told = (await get("/api/v1/status")).json()
    assert (told["pid"], told["policy_version"], told["targets"]) == (4242, 7, 2)
    assert told["database"] == {"state": "away"}
    assert told["health"][0]["state"] == "half_open"


async def test_models_come_with_their_health_and_aliases():
    told = (await get("/api/v1/models")).json()
    assert [(one["id"], one["health"] and one["health"]["state"]) for one in told["models"]] == [
        ("ollama/qwen", None),
        ("openai/gpt-x", "half_open"),
    ]
    assert [alias["name"] for alias in told["aliases"]] == ["auto"]


async def test_agents_are_those_of_the_process_while_the_database_is_away():
    told = (await get("/api/v1/agents")).json()
    assert [agent["id"] for agent in told["agents"]] == ["ci-bot"]
    assert told["counted"] == "since this process started"


async def test_an_agent_is_told_with_its_profile():
    told = (await get("/api/v1/agents/claude-code")).json()
    assert (told["profile"]["gate"], told["tiers"], told["hindrances"]) == (0.65, {}, [NO_DATABASE])
    assert (await get("/api/v1/agents/ci-bot")).json()["profile"]["id"] == "default"


async def test_an_unknown_agent_is_not_found():
    answer = await get("/api/v1/agents/nobody")
    assert answer.status_code == 404
    assert "nobody" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", NEEDING)
async def test_what_is_in_the_database_is_unavailable_while_that_is_away(path):
    answer = await get("/api/v1" + path)
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "database_away"
    assert answer.headers["retry-after"] == "5"


async def test_an_error_about_a_request_names_it():
    assert (await get("/api/v1/requests/req_9")).json()["error"]["request_id"] == "req_9"


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/chat"])
async def test_unknown_paths_are_told_as_json(path):
    answer = await get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found"


async def test_a_wrong_method_is_told_with_the_right_ones():
    async with client_of(PlainControl()) as client:
        answer = await client.put("/api/v1/keys", headers=BEARER)
    assert answer.status_code == 405
    assert answer.json()["error"]["type"] == "method_not_allowed"


async def test_a_refused_configuration_says_what_is_wrong():
    control = PlainControl()
    control.invalid = "server.port: must be a TCP port"
    async with client_of(control) as client:
        answer = await client.post("/api/v1/config/reload", headers=BEARER)
    assert answer.status_code == 400
    assert answer.json() == {"error": {"type": "invalid_config", "message": control.invalid}}


async def test_a_bug_is_told_without_its_details():
    control = PlainControl()
    control.seen = None  # type: ignore[assignment]
    answer = await get("/api/v1/status", control)
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "internal_error"
    assert "NoneType" not in answer.text


async def test_answers_are_not_cached():
    assert (await get("/api/v1/status")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("since=soon", "since"),
        ("before=1", "before"),
        ("agnet=x", "agnet"),
    ],
)
async def test_filters_that_mean_nothing_are_refused_by_name(query, name):
    answer = await get(f"/api/v1/log?{query}", PlainControl(pool=object()))
    assert answer.status_code == 400
    assert name in answer.json()["error"]["message"]


async def post_key(content, **headers):
    async with client_of(PlainControl(pool=object())) as client:
        sent = {"content-type": "application/json", **BEARER, **headers}
        return await client.post("/api/v1/keys", content=content, headers=sent)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"name": ""}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "x", "agnet": "y"}',
        b'{"name": "x", "agent": "a", "allowed_agents": ["b"]}',
        b'{"name": "x", "daily_budget_usd_micros": -1}',
        b'{"name": "x", "daily_budget_usd_micros": 9223372036854775808}',
    ],
)
async def test_bodies_that_make_no_key_are_refused(body):
    answer = await post_key(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_a_body_too_large_is_refused():
    answer = await post_key(b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


async def test_a_body_that_a_form_can_send_is_refused():
    assert (await post_key(b"{}", **{"content-type": "text/plain"})).status_code == 415


async def test_every_operation_is_answered_by_its_route():
    async with client_of(PlainControl()) as client:
        for one in OPERATIONS:
            path = one.path if one.bare else "/api/v1" + one.path
            filled = path.replace("{", "").replace("}", "")
            answer = await client.request(one.method, filled, headers=BEARER)
            assert answer.status_code not in (405, 500), one.name
