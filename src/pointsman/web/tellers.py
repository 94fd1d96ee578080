"""Who may tell the gateway something, and for whom: agents with their keys, and programs of this machine
where no key is required, as with requests to models."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.core.errors import InvalidRequest, NotPermitted
from pointsman.core.keys import ApiKey
from pointsman.core.ports import Control
from pointsman.core.reports import agent_id_of
from pointsman.web.errors import ForeignCaller
from pointsman.web.guard import foreign, opens

AGENT_HEADERS: Final = ("x-agent-id", "x-agent")
MAX_KEY_CHARACTERS: Final = 200
SCOPE_KEY: Final = "pointsman.teller"


class Teller(Struct, frozen=True):
    """Who tells. `agents` are those it may speak for, `models` those it may use, as a key names them;
    empty: any."""

    agents: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def check(self, agent: str) -> None:
        """Raises NotPermitted for an agent that the teller may not speak for."""
        if self.agents and agent not in self.agents:
            raise NotPermitted(f"This API key may not speak for agent {agent!r}.")


class AgentDoor:
    """Lets requests of agents, operators and programs of this machine through to `app`, and notes the
    Teller. Raises Unauthenticated and ForeignCaller."""

    def __init__(self, app: ASGIApp, *, control: Control, admin_token: str) -> None:
        self._app = app
        self._control = control
        self._token = admin_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Checks one request."""
        scope[SCOPE_KEY] = self._teller(scope, Headers(scope=scope))
        await self._app(scope, receive, send)

    def _teller(self, scope: Scope, headers: Headers) -> Teller:
        sent = headers.get("authorization")
        if sent is not None and opens(sent, self._token):
            return Teller()
        key = self._control.key_of(_lowered(scope))
        if key is not None:
            return Teller(_agents_of(key), key.allowed_models)
        if why := foreign(scope, headers):
            raise ForeignCaller(f"{why}: send an API key; `pointsman keys create` makes one.")
        return Teller()


def teller_of(request: Request) -> Teller:
    """Who tells."""
    found: Teller = request.scope[SCOPE_KEY]
    return found


def logged_agents(control: Control, request: Request) -> tuple[str, ...]:
    """Those for whom the teller may speak, as they are in the log; empty: any."""
    return tuple([control.logged_as(agent) for agent in teller_of(request).agents])


def agent_named(request: Request, named: str | None, where: str) -> str:
    """The agent that is spoken for: the one `named`, that of `X-Agent-ID`, or the only one of the key.
    Raises InvalidRequest and NotPermitted."""
    teller = teller_of(request)
    if named is None:
        named = next((request.headers[name] for name in AGENT_HEADERS if name in request.headers), None)
    if named is None and len(teller.agents) == 1:
        return teller.agents[0]
    agent = agent_id_of(named or "")
    if agent is None:
        raise InvalidRequest(
            f"`{where}` must be an agent's id: 1 to 64 of the characters a-z 0-9 . _ -", param=where
        )
    teller.check(agent)
    return agent


def idempotency_key(request: Request) -> str | None:
    """The request's `Idempotency-Key`. Raises InvalidRequest for one that is none."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isprintable()):
        raise InvalidRequest(f"`Idempotency-Key` must have 1 to {MAX_KEY_CHARACTERS} printable characters.")
    return key


def _agents_of(key: ApiKey) -> tuple[str, ...]:
    return (key.agent,) if key.agent else key.allowed_agents


def _lowered(scope: Scope) -> Mapping[bytes, bytes]:
    return {name.lower(): value for name, value in scope["headers"]}
