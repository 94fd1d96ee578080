"""Calls that no client has made, and whose answers nobody gets."""

import asyncio
import time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.chat import ChatRequest, Message, Text
from pointsman.core.decision import Decision
from pointsman.core.events import RequestKind
from pointsman.core.features import Features
from pointsman.core.ids import new_request_id
from pointsman.core.snapshot import Target
from pointsman.gateway.call import Call
from pointsman.gateway.dialects.base import Losses, Route
from pointsman.gateway.dialects.openai_chat import CODEC
from pointsman.gateway.http.exchange import Exchange

if TYPE_CHECKING:
    from pointsman.gateway.dialects.base import ChatCodec, EmbedCodec

JUDGE_ROUTE = Route(method="POST", path="/chat/completions", kind="chat", codec=CODEC.name)


class Silent(Exchange):
    """Takes an answer and gives it to nobody."""

    __slots__ = ()

    def __init__(self, body: bytes, headers: dict[bytes, bytes]) -> None:
        super().__init__(asyncio.Transport(), _nobody)
        self.body = body
        self.headers = headers

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """Nothing."""
        self.started = self.response_complete = True

    def start(self, status: int, headers: bytes, first: bytes = b"") -> None:
        """Nothing."""
        self.started = True

    def write(self, data: bytes) -> None:
        """Nothing."""

    def end(self, last: bytes = b"", trailers: bytes = b"") -> None:
        """Nothing."""
        self.response_complete = True

    def abort(self) -> None:
        """Nothing."""


def again(call: Call, features: Features, decision: Decision) -> Call:
    """The same request as a call of the gateway's own, on nobody's key."""
    made = _made(call, call.codec, call.route, Silent(call.exchange.body, call.exchange.headers))
    made.outline = call.outline
    made.canonical = call.canonical
    made.features, made.decision = features, decision
    return made


class Judge(Struct, frozen=True):
    """Who judges: what was asked for, what was decided, and where that is."""

    features: Features
    decision: Decision
    target: Target


def asking_judge(call: Call, who: Judge, messages: list[dict[str, str]]) -> Call:
    """A request to a judge about a call, written as its model wants it."""
    features = who.features
    said = [
        Message(role="system" if one["role"] == "system" else "user", parts=[Text(text=one["content"])])
        for one in messages
    ]
    asked = ChatRequest(
        model=who.target.upstream_model, messages=said, max_output_tokens=features.max_output_tokens
    )
    made = _made(call, CODEC, JUDGE_ROUTE, Silent(CODEC.encode_request(asked, Losses()), {}))
    made.outline = CODEC.outline(made.exchange.body)
    made.outline.model = features.requested
    made.features, made.decision = features, who.decision
    return made


def _made(call: Call, codec: "ChatCodec | EmbedCodec", route: Route, exchange: Silent) -> Call:
    loop = asyncio.get_running_loop()
    made = Call(exchange, route, codec, new_request_id(), loop.time(), time.time_ns() // 1000)
    made.caller = replace(call.caller, key=None)
    made.logged_as, made.profile, made.snapshot = call.logged_as, call.profile, call.snapshot
    made.kind = RequestKind.SHADOW
    return made


def _nobody(exchange: Exchange) -> None:
    """Nobody waits for the end."""
