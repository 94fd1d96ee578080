"""Who may report what, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.plain_control import BEARER, PlainControl, client_of
from tests.reports_told import REQUEST

from pointsman.core.keys import ApiKey
from pointsman.core.snapshot import AgentProfile
from pointsman.store.inbox import InboxFull, Refusal, line_of, read

GOOD = {"request_id": REQUEST, "outcome": "success"}
TASK = "/tasks/5d1f6a53-0f0c-5cf5-9a3c-6f2f4b6f1d7e"
CODEX = {"authorization": "Bearer pm-codex"}


class PlainInbox:
    """Answers `verdict`, or raises it."""

    def __init__(self):
        self.verdict = True
        self.reports = []

    async def put(self, report):
        self.reports.append(report)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


@pytest.fixture
def control():
    made = PlainControl()
    made.inbox = PlainInbox()
    made.ring["pm-codex"] = ApiKey(id="k", name="k", digest="d", hint="h", agent="codex")
    made.ring["pm-two"] = ApiKey(id="k2", name="k", digest="e", hint="h", allowed_agents=("a", "b"))
    return made


async def post(control, path, body, *, peer="127.0.0.1", **headers):
    async with client_of(control, peer=peer) as client:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.post(path, json=body, headers=headers)


async def refused(control, path, body, **headers):
    answer = await post(control, path, body, **headers)
    assert control.inbox.reports == []
    return answer.status_code, answer.json()["error"]["message"]


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
async def test_feedback_is_taken_at_both_places(control, prefix):
    answer = await post(control, prefix + "/agents/Claude-Code/feedback", GOOD)
    (report,) = control.inbox.reports
    assert answer.status_code == 202
    assert answer.json() == {
        "id": str(report.id),
        "agent": "claude-code",
        "request_id": REQUEST,
        "outcome": "success",
    }


async def test_a_repeat_has_the_same_answer(control):
    answers = [await post(control, "/agents/ci/feedback", GOOD) for _ in range(2)]
    assert answers[0].content == answers[1].content
    other = await post(control, "/agents/ci/feedback", GOOD, idempotency_key="mine")
    assert other.json()["id"] != answers[0].json()["id"]


@pytest.mark.parametrize(("thumbs", "outcome"), [("up", "success"), ("down", "user_rejected")])
async def test_thumbs_have_an_outcome(control, thumbs, outcome):
    answer = await post(control, "/agents/chatgpt/feedback", {"request_id": REQUEST, "thumbs": thumbs})
    assert answer.json()["outcome"] == outcome


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"request_id": REQUEST}, "`outcome`"),
        (GOOD | {"thumbs": "up"}, "`outcome`"),
        ({"outcome": "success"}, "`request_id`"),
        (GOOD | {"request_id": "req_1"}, "$.request_id"),
        (GOOD | {"outcome": "fine"}, "$.outcome"),
        (GOOD | {"outcome": "fine"}, "'timeout', 'error' or 'user_rejected'"),
        (GOOD | {"metadata": {"completion_quality": 10.5}}, "$.metadata.completion_quality"),
        (GOOD | {"metadata": {"latency_ms": -1}}, "$.metadata.latency_ms"),
        (GOOD | {"metadata": {"token_count": 1.5}}, "$.metadata.token_count"),
        (GOOD | {"metadata": {"mood": 1}}, "`mood`"),
        (GOOD | {"weight": 100}, "`weight`"),
    ],
)
async def test_wrong_feedback_is_refused_by_name(control, body, named):
    status, message = await refused(control, "/agents/ci/feedback", body)
    assert status == 400
    assert named in message


RANGES = {"quality_score": (0, 10), "stakeholder_satisfaction": (1, 5), "tests_passed": (0, 10**6)}


@given(st.sampled_from(sorted(RANGES)), st.integers(-(2**62), 2**62))
async def test_a_value_is_taken_exactly_if_it_is_in_range(name, value):
    control = PlainControl()
    control.inbox = PlainInbox()
    answer = await post(control, TASK + "/outcome", {name: value})
    least, most = RANGES[name]
    assert (answer.status_code == 200) == (least <= value <= most) == bool(control.inbox.reports)
    assert answer.status_code == 200 or f"$.{name}" in answer.json()["error"]["message"]


async def test_a_key_speaks_for_its_agent_only(control):
    assert (await post(control, "/agents/codex/feedback", GOOD, **CODEX)).status_code == 202
    answer = await post(control, "/agents/ci/feedback", GOOD, **CODEX)
    assert (answer.status_code, len(control.inbox.reports)) == (403, 1)


async def test_a_key_for_several_agents_must_say_for_which(control):
    two = {"authorization": "Bearer pm-two"}
    assert (await post(control, "/tasks", {}, **two)).status_code == 400
    assert (await post(control, "/tasks", {"agent": "c"}, **two)).status_code == 403
    assert (await post(control, "/tasks", {}, x_agent_id="b", **two)).json()["agent"] == "b"


async def test_the_keys_agent_begins_the_task(control):
    answer = await post(control, "/tasks", {"task_id": "T-1"}, **CODEX)
    assert (answer.status_code, answer.json()["agent"], answer.json()["task_id"]) == (201, "codex", "T-1")
    await post(control, TASK + "/outcome", {"success": True}, **CODEX)
    assert control.inbox.reports[-1].agent_ids == ("codex",)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"x_forwarded_for": "203.0.113.9"},
    ],
)
async def test_without_a_key_strangers_are_kept_away(control, headers):
    assert (await refused(control, "/agents/ci/feedback", GOOD, **headers))[0] == 403
    assert (await post(control, "/agents/ci/feedback", GOOD, **headers, **BEARER)).status_code == 202


async def test_without_a_key_another_machine_is_refused(control):
    assert (await refused(control, "/agents/ci/feedback", GOOD, peer="203.0.113.9"))[0] == 403


@pytest.mark.parametrize("agent", ["a b", "---", "x" * 65])
async def test_an_agent_that_is_none_is_refused(control, agent):
    status, message = await refused(control, f"/agents/{agent}/feedback", GOOD)
    assert (status, "`agent_id`" in message) == (400, True)


async def test_a_task_may_be_named_to_be_begun_once(control):
    first, second = [await post(control, "/tasks", {"agent": "ci", "task_id": "T"}) for _ in range(2)]
    anew = await post(control, "/tasks", {"agent": "ci", "task_id": "T"}, idempotency_key="2")
    assert first.content == second.content
    assert anew.json()["id"] != first.json()["id"]


async def test_a_tasks_labels_are_kept_as_requests_have_them(control):
    told = {"agent": "ci", "priority": "high", "domain": "Data Science", "complexity": "Simple"}
    await post(control, "/tasks", told)
    given = control.inbox.reports[0].given
    assert (given.priority, given.domain, given.complexity) == ("P1", "data_science", "simple")


@pytest.mark.parametrize("part", ["priority", "domain", "complexity"])
async def test_a_task_label_that_is_none_is_refused(control, part):
    status, message = await refused(control, "/tasks", {"agent": "ci", part: "C++"})
    assert (status, f"`{part}`" in message) == (400, True)


async def test_while_the_database_is_away_tasks_are_taken_for_later(control):
    control.inbox.verdict = False
    assert (await post(control, "/tasks", {"agent": "ci"})).status_code == 202
    assert (await post(control, TASK + "/outcome", {"success": True})).status_code == 202


@pytest.mark.parametrize(
    ("verdict", "status", "kind"),
    [
        (Refusal("unknown", "no such"), 404, "not_found"),
        (Refusal("conflict", "told before"), 409, "conflict"),
        (Refusal("invalid", "no"), 400, "invalid_request"),
        (InboxFull(), 503, "not_taken"),
        (OSError("disk full"), 503, "not_taken"),
    ],
)
async def test_a_report_that_is_not_taken_says_why(control, verdict, status, kind):
    control.inbox.verdict = verdict
    answer = await post(control, "/agents/ci/feedback", GOOD)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


@pytest.mark.parametrize("body", [{}, {"revises": True}])
async def test_an_outcome_that_says_nothing_is_refused(control, body):
    assert (await refused(control, TASK + "/outcome", body))[0] == 400


async def test_a_task_whose_id_is_none_is_not_found(control):
    assert (await refused(control, "/tasks/T-1/outcome", {"success": True}))[0] == 404


async def test_without_the_database_a_task_cannot_be_told(control):
    async with client_of(control) as client:
        assert (await client.get(TASK)).status_code == 503


async def test_the_agents_profile_gives_weight_and_name(control):
    profile = AgentProfile(id="ci", feedback_weight=3.0, anonymous=True, log_requests=False)
    control.policy = replace(control.policy, agents={"ci": profile})
    await post(control, "/agents/ci/feedback", GOOD)
    (report,) = control.inbox.reports
    assert (report.weight, report.agent_id, report.logged) == (3.0, "anon-ci", False)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_NAMES = {"request_id", "outcome", "thumbs", "metadata", "task_id", "agent", "success", "quality_score"}
_BODIES = st.dictionaries(st.sampled_from(sorted(_NAMES)), _JSON) | _JSON


@given(st.sampled_from(["/agents/ci/feedback", "/tasks", TASK + "/outcome"]), _BODIES)
async def test_no_json_makes_it_fail(path, body):
    control = PlainControl()
    control.inbox = PlainInbox()
    answer = await post(control, path, body)
    assert answer.status_code < 500
    for report in control.inbox.reports:
        assert list(read(line_of(report))) == [report]


@pytest.mark.parametrize(
    "text",
    [
        rb'{"agent": "ci", "task_title": "\ud800"}',
        b'{"agent": "ci", "task_title": "\xff"}',
        b"",
        b"{",
        b"1e999",
    ],
)
async def test_text_that_is_none_is_refused(control, text):
    async with client_of(control) as client:
        answer = await client.post("/tasks", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_a_form_of_a_web_page_is_refused(control):
    async with client_of(control) as client:
        answer = await client.post(
            "/agents/ci/feedback", content=b"{}", headers={"content-type": "text/plain"}
        )
    assert answer.status_code == 415


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", "é" * 201])
async def test_an_idempotency_key_that_is_none_is_refused(control, key):
    headers = {"idempotency_key": key.encode("latin-1")}
    assert (await refused(control, "/agents/ci/feedback", GOOD, **headers))[0] == 400
