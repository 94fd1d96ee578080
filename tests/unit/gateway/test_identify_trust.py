"""Keys, claims, and their order."""

import pytest
from tests.unit.gateway.client_headers import CLAUDE_CODE, PLAIN

from pointsman.core.chat import Outline
from pointsman.core.errors import InvalidRequest, NotPermitted, Unauthenticated
from pointsman.core.keys import ApiKey, digest_of
from pointsman.gateway.identify import Caller, Identifier, normalise_agent
from pointsman.gateway.keyring import KeyRing


def key(secret: str, **fields: object) -> ApiKey:
    return ApiKey(id=secret[3:], name="n", digest=digest_of(secret), hint="xxxx", **fields)  # type: ignore[arg-type]


RING = KeyRing(
    [
        key("pm-free"),
        key("pm-bound", agent="Builder"),
        key("pm-two", allowed_agents=("a1", "claude-code")),
        key("pm-one", allowed_agents=("A9",)),
        key("pm-old", revoked_s=5),
    ]
)


def call(
    headers: dict[bytes, bytes],
    path: str | None = None,
    outline: Outline = PLAIN,
    *,
    require_key: bool = False,
) -> Caller:
    return Identifier(RING, require_key=require_key).identify(headers, path, outline, "10.0.0.9")


def bearer(secret: str, **more: str) -> dict[bytes, bytes]:
    pairs = {"authorization": f"Bearer {secret}"} | {k.replace("_", "-"): v for k, v in more.items()}
    return {name.encode(): value.encode() for name, value in pairs.items()}


def hinted(agent: str) -> Outline:
    return Outline(model="auto", agent_hint=agent, first_user="x")


def test_the_order_of_trust() -> None:
    everything = CLAUDE_CODE | {b"x-agent-id": b"from-header"}
    assert call(everything | {b"x-api-key": b"pm-bound", b"x-agent-id": b"builder"}).source == "key"
    assert call(everything, "from-path", hinted("from-body")).agent_id == "from-header"
    assert call(CLAUDE_CODE, "from-path", hinted("from-body")).agent_id == "from-body"
    assert call(CLAUDE_CODE, "from-path").agent_id == "from-path"
    assert call(CLAUDE_CODE).source == "session"
    assert call({b"user-agent": b"claude-cli/2"}).source == "user_agent"


@pytest.mark.parametrize("name", [b"x-api-key", b"api-key"])
def test_a_key_is_read_from_its_own_headers(name: bytes) -> None:
    found = call({name: b"pm-bound"})
    assert found.key is not None
    assert (found.key.id, found.agent_id, found.source) == ("bound", "builder", "key")


def test_the_bearer_scheme_may_be_written_in_any_case() -> None:
    assert call({b"authorization": b"bEARER pm-bound"}).agent_id == "builder"


def test_a_key_without_agent_leaves_the_agent_to_the_claims() -> None:
    found = call(bearer("pm-free", x_agent_id="mine"))
    assert found.key is not None
    assert (found.key.id, found.agent_id, found.source) == ("free", "mine", "header")


@pytest.mark.parametrize("credential", ["sk-proj-1", "ollama", "dummy", ""])
def test_foreign_credentials_are_ignored_where_no_key_is_needed(credential: str) -> None:
    assert call(bearer(credential)).key is None


@pytest.mark.parametrize("credential", ["pm-unknown", "pm-old", "pm-"])
def test_unknown_and_revoked_keys_of_ours_are_refused_everywhere(credential: str) -> None:
    with pytest.raises(Unauthenticated):
        call(bearer(credential))


@pytest.mark.parametrize("headers", [{}, bearer("sk-1"), {b"authorization": b"Basic cG0tZnJlZQ=="}])
def test_a_key_of_ours_is_demanded_where_required(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Unauthenticated):
        call(headers, require_key=True)


def test_a_foreign_bearer_beside_our_key_does_no_harm() -> None:
    found = call({b"authorization": b"Bearer sk-ant-1", b"x-api-key": b"pm-bound"}, require_key=True)
    assert found.agent_id == "builder"


@pytest.mark.parametrize(
    ("headers", "path", "outline"),
    [
        (bearer("pm-bound", x_agent_id="other-agent"), None, PLAIN),
        (bearer("pm-bound"), "other-agent", PLAIN),
        (bearer("pm-bound"), None, hinted("other-agent")),
        (bearer("pm-two", x_agent_id="a2"), None, PLAIN),
        (bearer("pm-two", user_agent="curl/8"), None, PLAIN),
    ],
)
def test_a_key_may_not_speak_for_another_agent(
    headers: dict[bytes, bytes], path: str | None, outline: Outline
) -> None:
    with pytest.raises(NotPermitted):
        call(headers, path, outline)


def test_a_key_may_speak_for_each_of_its_agents() -> None:
    assert call(bearer("pm-two", x_agent_id="A1")).agent_id == "a1"
    assert call(CLAUDE_CODE | bearer("pm-two")).agent_id == "claude-code"


def test_a_key_for_one_agent_needs_no_claim() -> None:
    found = call(bearer("pm-one", user_agent="curl/8"))
    assert (found.agent_id, found.source) == ("a9", "key")


@pytest.mark.parametrize("bad", ["a b", "é", "a/b", "x" * 65, "...", "-_-", "x" * 5000, "a\x00"])
def test_what_is_no_agent_id_is_refused_by_name(bad: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        call({b"x-agent-id": bad.encode()})
    assert caught.value.param == "x-agent-id"


def test_bad_ids_in_path_and_body_are_named_too() -> None:
    for path, outline, where in (("a b", PLAIN, "path"), (None, hinted("a b"), "agent_id")):
        with pytest.raises(InvalidRequest) as caught:
            call({}, path, outline)
        assert caught.value.param == where


def test_an_empty_agent_header_claims_nothing() -> None:
    assert call({b"x-agent-id": b"", b"user-agent": b"curl/8"}).agent_id == "curl"


def test_agent_ids_are_brought_to_one_form() -> None:
    assert normalise_agent(" My.Agent_7-B ", "x-agent-id") == "my.agent_7-b"


def test_replacing_the_ring_revokes_what_is_no_longer_there() -> None:
    ring = KeyRing([key("pm-a"), key("pm-b")])
    ring.replace([key("pm-b"), key("pm-c", revoked_s=1)])
    assert [ring.lookup(s) is not None for s in (b"pm-a", b"pm-b", b"pm-c")] == [False, True, False]
    assert len(ring) == 1
