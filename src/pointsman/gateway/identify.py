"""Who is calling: the agent, its key, and the conversation and turn a request belongs to.

Order of trust: API key, explicit agent header, agent id in the body, path prefix `/a/AGENT`, a vendor's
session headers, User-Agent, system prompt and tool set, source IP. Only a key proves anything; all else
is a claim, good enough to learn by and to bill by on a trusted network, never to permit by.

One exception keeps the order useful: the User-Agent of a library that many products share (an SDK, curl)
yields to a prompt that belongs to a known product.
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from xxhash import xxh3_64_hexdigest

from pointsman.core.chat import Outline
from pointsman.core.errors import InvalidRequest, NotPermitted, Unauthenticated
from pointsman.core.keys import KEY_PREFIX, ApiKey
from pointsman.core.reports import agent_id_of
from pointsman.gateway.fingerprints import LIBRARY_AGENTS, PRODUCT_AGENTS, PRODUCT_PREFIXES
from pointsman.gateway.keyring import KeyRing
from pointsman.gateway.prompts import Prompt, PromptReader, home_made
from pointsman.gateway.sessions import opaque, vendor_session

Source = Literal["key", "header", "body", "path", "session", "user_agent", "prompt", "ip"]
MAX_AGENT_CHARS = 64
MAX_USER_AGENT_BYTES = 200
AGENT_HEADERS = (b"x-agent-id", b"x-agent")
_KEY_PREFIX = KEY_PREFIX.encode()


class Caller(Struct, frozen=True, kw_only=True):
    """Who called. `source` is what told us `agent_id`; `key` is None for callers without one of ours.

    `session_key` names the conversation: the client's own id, or `conv-` and a hash of agent, end user,
    system prompt and first human message; None when there is nothing to go by. `turn_id` is the
    client's id of the turn. `subagent` names the helper inside the agent that made the request.
    """

    agent_id: str
    source: Source
    key: ApiKey | None = None
    session_key: str | None = None
    turn_id: str | None = None
    subagent: str | None = None


class Identifier:
    """Finds out who calls.

    `require_key` refuses callers without a key of ours; otherwise any credential that does not look like
    ours is ignored, since clients want to send one. `split_sdk_callers` tells home-made agents on a
    shared SDK apart by prompt and tools instead of calling them all after the SDK.
    """

    def __init__(self, keys: KeyRing, *, require_key: bool, split_sdk_callers: bool = False) -> None:
        self._keys = keys
        self._require_key = require_key
        self._split = split_sdk_callers
        self._prompts = PromptReader()

    def identify(
        self, headers: Mapping[bytes, bytes], path_agent: str | None, outline: Outline, client_ip: str
    ) -> Caller:
        """The caller. `headers` have names in lower case; `path_agent` comes from `/a/AGENT`.

        Raises `Unauthenticated` (no key where one is required; an unknown or revoked one), `NotPermitted`
        (the key may not speak for this agent), `InvalidRequest` (an agent id that is none).
        """
        key = self.check_key(headers)
        vendor = vendor_session(headers)
        prompt = self._prompts.read(outline.system)
        agent, source = _claim(headers, path_agent, outline)
        if key is not None and (key.agent or key.allowed_agents):
            agent, source = _bound(key, agent, source)
        if agent is None:
            if vendor.agent is not None:
                agent, source = vendor.agent, "session"
            else:
                agent, source = self._recognise(headers, prompt, outline.tool_names, client_ip)
            _permit(key, agent)
        session = vendor.session or opaque(outline.session)
        return Caller(
            agent_id=agent,
            source=source,
            key=key,
            session_key=session if session is not None else _conversation(agent, prompt, outline),
            turn_id=vendor.turn,
            subagent=vendor.subagent,
        )

    def check_key(self, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        """The caller's key. Raises `Unauthenticated` for an unknown or revoked one, and for none where one
        is required."""
        for secret in _credentials(headers):
            key = self._keys.lookup(secret)
            if key is not None:
                return key
            if secret.startswith(_KEY_PREFIX):
                raise Unauthenticated("This API key is unknown or was revoked.")
        if self._require_key:
            raise Unauthenticated(
                "An API key of this gateway is required: send it as 'Authorization: Bearer' or 'x-api-key'."
            )
        return None

    def _recognise(
        self, headers: Mapping[bytes, bytes], prompt: Prompt, tool_names: tuple[str, ...], client_ip: str
    ) -> tuple[str, Source]:
        product, library = user_agent_of(headers.get(b"user-agent", b"")[:MAX_USER_AGENT_BYTES])
        if product is not None:
            return product, "user_agent"
        if prompt.agent is not None:
            return prompt.agent, "prompt"
        if library is not None and not self._split:
            return library, "user_agent"
        unknown = home_made(prompt, tool_names)
        if unknown is not None:
            return unknown, "prompt"
        if library is not None:
            return library, "user_agent"
        return ip_agent(client_ip), "ip"


def normalise_agent(text: str, where: str) -> str:
    """`text` as an agent id: lower case, at most 64 of `a-z 0-9 . _ -` with a letter or digit among them.
    Raises `InvalidRequest` naming `where` it came from.

    >>> normalise_agent(" Code-Reviewer ", "x-agent-id")
    'code-reviewer'
    """
    agent = _normalised(text) if len(text) <= 2 * MAX_AGENT_CHARS else None
    if agent is None:
        raise InvalidRequest(
            f"{where} is not an agent id: use 1 to {MAX_AGENT_CHARS} of the characters a-z 0-9 . _ -",
            code="invalid_agent_id",
            param=where,
        )
    return agent


@lru_cache(maxsize=4096)
def _normalised(text: str) -> str | None:
    return agent_id_of(text)


@lru_cache(maxsize=4096)
def user_agent_of(value: bytes) -> tuple[str | None, str | None]:
    """The product and the library that a User-Agent names; at most one of the two is not None.

    >>> user_agent_of(b"claude-cli/2.1.9 (external, cli)"), user_agent_of(b"OpenAI/Python 3.52.0")
    (('claude-code', None), (None, 'openai-python'))
    """
    first = value.decode("latin-1").partition(" ")[0].lower()
    name = first.partition("/")[0]
    product = PRODUCT_AGENTS.get(first) or PRODUCT_AGENTS.get(name)
    if product is None:
        product = next((agent for start, agent in PRODUCT_PREFIXES if name.startswith(start)), None)
    if product is not None:
        return product, None
    return None, LIBRARY_AGENTS.get(first) or LIBRARY_AGENTS.get(name)


@lru_cache(maxsize=4096)
def ip_agent(client_ip: str) -> str:
    """The agent id for callers known by address only: IPv4 whole, IPv6 by its first 64 bits, since the
    rest changes by itself.

    >>> ip_agent("192.0.2.7"), ip_agent("2001:db8::1:2:3:4")
    ('ip-192.0.2.7', 'ip-2001-db8-0-0')
    """
    try:
        address = ipaddress.ip_address(client_ip.partition("%")[0])
    except ValueError:
        return "ip-unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return f"ip-{address}"
    if address.ipv4_mapped is not None:
        return f"ip-{address.ipv4_mapped}"
    if address.is_loopback:
        return "ip-127.0.0.1"
    groups = address.exploded.split(":")[:4]
    return "ip-" + "-".join([group.lstrip("0") or "0" for group in groups])


def _conversation(agent: str, prompt: Prompt, outline: Outline) -> str | None:
    if not outline.first_user and not prompt.stable:
        return None
    end_user = f"{outline.user or ''}{outline.cache_key or ''}"
    text = f"{agent}\0{end_user}\0{prompt.words:x}\0{outline.first_user}"
    return "conv-" + xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass"))


def _credentials(headers: Mapping[bytes, bytes]) -> list[bytes]:
    found = []
    bearer = headers.get(b"authorization")
    if bearer is not None and bearer[:7].lower() == b"bearer ":
        found.append(bearer[7:].strip())
    for name in (b"x-api-key", b"api-key"):
        secret = headers.get(name)
        if secret:
            found.append(secret)
    return found


def _claim(
    headers: Mapping[bytes, bytes], path_agent: str | None, outline: Outline
) -> tuple[str | None, Source]:
    for name in AGENT_HEADERS:
        value = headers.get(name)
        if value:
            return normalise_agent(value.decode("latin-1"), name.decode()), "header"
    if outline.agent_hint:
        return normalise_agent(outline.agent_hint, "agent_id"), "body"
    if path_agent:
        return normalise_agent(path_agent, "path"), "path"
    return None, "ip"


def _bound(key: ApiKey, agent: str | None, source: Source) -> tuple[str | None, Source]:
    """The agent that `key` stands for, or the claimed one if it may speak for that."""
    if key.agent:
        if agent is not None and agent != key.agent:
            raise NotPermitted(
                f"This API key belongs to agent '{key.agent}' and may not speak for '{agent}'."
            )
        return key.agent, "key"
    if agent is not None:
        _permit(key, agent)
    elif len(key.allowed_agents) == 1:
        return key.allowed_agents[0], "key"
    return agent, source


def _permit(key: ApiKey | None, agent: str) -> None:
    if key is not None and key.allowed_agents and agent not in key.allowed_agents:
        raise NotPermitted(
            f"This API key may not speak for agent '{agent}'; say which of its agents calls in X-Agent-ID."
        )
