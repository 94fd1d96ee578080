"""One attempt to have one target answer a call."""

import re
from typing import cast

import msgspec

from pointsman.core.chat import ChatRequest, ChatResponse
from pointsman.core.errors import CannotCarry, PointsmanError, UpstreamBroken, UpstreamFault
from pointsman.core.snapshot import Target
from pointsman.gateway.call import Call
from pointsman.gateway.dialects import custom_tools
from pointsman.gateway.dialects.base import ChatCodec, Codec, EmbedCodec, Losses
from pointsman.gateway.dialects.openai_chat import UsageChunkFilter, with_usage
from pointsman.gateway.dialects.registry import CODECS, EMBEDDING_CODECS
from pointsman.gateway.dialects.unproven import without_unproven
from pointsman.gateway.headers import forwarded, provider_lines, returned
from pointsman.gateway.http.answer import Answer
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.relay import PassThrough, Relay, Translation, Writer
from pointsman.gateway.tally import Tally
from pointsman.routing import reasons

MAX_ANSWER_BYTES = 256 * 1024 * 1024
MAX_ERROR_BYTES = 1024 * 1024
USAGE_ON_DEMAND = frozenset({"openai_chat", "openai_completions"})
"""The forms whose streams tell their usage only when asked."""
ASKS_FOR_USAGE = re.compile(rb'"include_usage"\s*:\s*true')
CACHE_MARK = b'"cache_control"'
CACHE_MARKING = "anthropic"
"""Where clients mark what to cache, and the one form that can say it."""
THINKING_MARK = b"pointsman-thinking:"
SEALING = frozenset({"anthropic", "openai_responses"})
"""What only the gateway understands in a body, as it does an agent's id, and the forms in which it may stand:
their codecs take it out."""
UNREADABLE = (msgspec.MsgspecError, ValueError, KeyError, TypeError, IndexError, AttributeError)
"""What decoding somebody else's malformed JSON may raise."""


class Attempt:
    """Asks `target` over `upstream`, number `number` of its call.

    `run` brings everything but the end of the answer to the client; after the attempt has been recorded,
    `finish` sends that end. `tally` sums up what came; `status` is the provider's. `committed` tells that
    the client has seen content, so that no other target may take over.
    """

    __slots__ = (
        "_body",
        "_head",
        "_relay",
        "answer_headers",
        "call",
        "codec",
        "number",
        "passes_through",
        "started_s",
        "status",
        "tally",
        "target",
        "upstream",
    )

    def __init__(self, call: Call, target: Target, upstream: Upstream, started_s: float) -> None:
        dialects = upstream.endpoint.provider.dialects
        own = call.codec.name
        self.call = call
        self.target = target
        self.upstream = upstream
        self.number = len(call.tried)
        self.started_s = started_s
        self.passes_through = own in dialects
        self.codec: ChatCodec | EmbedCodec = (
            call.codec if self.passes_through else CODECS[_nearest(call.codec, dialects)]
        )
        self.tally = Tally()
        self.status = 0
        self.answer_headers: list[tuple[bytes, bytes]] = []
        self._relay: Relay | None = None
        self._head = b""
        self._body = b""

    @property
    def committed(self) -> bool:
        """Whether the client has seen content of this attempt."""
        return self._relay is not None and self._relay.committed

    async def run(self, head: bytes) -> None:
        """Calls the provider. `head` are the response header lines for the client. Raises an
        `UpstreamFault`, or `CannotCarry` when the target's dialect has no words for the request."""
        call = self.call
        call.losses = Losses()
        path = self.upstream.endpoint.provider.dialects[self.codec.name]
        body = self._request_body()
        answer = await self._sent(path, body)
        if call.outline.stream:
            self._head = head + returned(self)
            await self._stream(answer)
        else:
            self._read_whole(await answer.read(MAX_ANSWER_BYTES))
            self._head = head + returned(self)

    async def _sent(self, path: str, body: bytes) -> Answer:
        """The provider's good answer. Raises what it refuses with. Where we chose the target, it is asked
        again without the earlier thinking that it cannot verify: the client does not know that the
        conversation was with somebody else."""
        answer = await self._heard(path, body)
        if 200 <= answer.status < 300:
            return answer
        refusal = await self._refusal(answer)
        ours = self.call.decision.reason_code != reasons.REQUESTED
        without = without_unproven(self.codec.name, body, refusal) if ours else None
        if without is None:
            raise refusal
        self.call.losses.drop("messages.thinking")
        answer = await self._heard(path, without)
        if not 200 <= answer.status < 300:
            raise await self._refusal(answer)
        return answer

    async def _heard(self, path: str, body: bytes) -> Answer:
        answer = await self.upstream.send(path, forwarded(self), body)
        self.status, self.answer_headers = answer.status, answer.headers
        return answer

    async def count(self) -> bytes | None:
        """The provider's own answer to a request to count tokens; None when it speaks another dialect.
        Raises an `UpstreamFault`."""
        if not self.passes_through:
            return None
        below = self.call.route.path[len(self.codec.upstream_path) :]
        path = self.upstream.endpoint.provider.dialects[self.codec.name] + below
        answer = await self.upstream.send(path, forwarded(self), self._request_body())
        if answer.status != 200:
            raise await self._refusal(answer)
        return await answer.read(MAX_ERROR_BYTES)

    def finish(self, cost_line: bytes) -> None:
        """Sends the end of the answer. `cost_line` is the header line with the attempt's cost: a header
        of whole answers, a trailer of streams for clients that take trailers."""
        exchange = self.call.exchange
        if self._relay is None:
            exchange.reply(200, self._head + cost_line, self._body)
        else:
            wanted = b"trailers" in exchange.headers.get(b"te", b"")
            self._relay.finish(cost_line if wanted else b"")
        self.let_go()

    def let_go(self) -> None:
        """Forgets the call once all is said, so that neither has to wait for the garbage collector."""
        del self.call

    def fail_in_stream(self, error: PointsmanError) -> None:
        """Says `error` inside the stream that has begun."""
        if self._relay is not None:
            self._relay.fail(error)

    # Request

    def _request_body(self) -> bytes:
        call = self.call
        if not self.passes_through:
            return self._translated_body()
        body = call.exchange.body
        if (
            call.outline.model != self.target.upstream_model
            or call.outline.agent_hint is not None
            or (self.codec.name in SEALING and body.rfind(THINKING_MARK) >= 0)
        ):
            body = self.codec.with_model(body, self.target.upstream_model)
        return with_usage(body) if self._adds_usage() else body

    def _adds_usage(self) -> bool:
        """Whether to ask for the usage of a stream whose client did not."""
        return (
            self.passes_through
            and self.codec.name in USAGE_ON_DEMAND
            and self.call.outline.stream
            and ASKS_FOR_USAGE.search(self.call.exchange.body) is None
        )

    def _translated_body(self) -> bytes:
        call, model = self.call, self.target.model
        if call.canonical is None:
            call.canonical = call.codec.decode_request(call.exchange.body)
        request = msgspec.structs.replace(call.canonical, model=self.target.upstream_model)
        if isinstance(request, ChatRequest):
            if request.max_output_tokens is None and model.max_output_tokens:
                request.max_output_tokens = model.max_output_tokens
            if not _carries_custom_tools(self.codec):
                request = custom_tools.wrap_request(request)
        if self.codec.name != CACHE_MARKING and CACHE_MARK in call.exchange.body:
            call.losses.drop("cache_control")
        return self.codec.encode_request(request, call.losses)  # type: ignore[arg-type]

    # Answer

    async def _refusal(self, answer: Answer) -> UpstreamFault:
        body = await answer.read(MAX_ERROR_BYTES)
        error = self.codec.read_error(answer.status, answer.headers, body)
        error.dialect = self.codec.name
        error.header_lines = provider_lines(self)
        return error

    def _read_whole(self, body: bytes) -> None:
        call = self.call
        codec = self.codec
        try:
            response = codec.decode_response(body)
        except UNREADABLE as error:
            name = self.upstream.endpoint.provider.name
            raise UpstreamBroken(f"the answer of {name} is not what its dialect allows: {error}") from error
        if isinstance(response, ChatResponse):
            self.tally.add_response(response)
        else:
            self.tally.usage = response.usage
        if self.passes_through:
            self._body = body
        elif isinstance(response, ChatResponse):
            self._body = self._encode_chat(response)
        else:
            self._body = call.codec.encode_response(response, call.canonical)  # type: ignore[arg-type,call-arg]

    def _encode_chat(self, response: ChatResponse) -> bytes:
        call = self.call
        request = cast("ChatRequest", call.canonical)
        if not _carries_custom_tools(self.codec):
            response = custom_tools.unwrap_response(response, request)
        codec = call.codec
        return codec.encode_response(response, request, call.losses)  # type: ignore[call-arg,arg-type]

    async def _stream(self, answer: Answer) -> None:
        decoder = self.codec.stream_decoder()  # type: ignore[union-attr]
        self._relay = Relay(self.call.exchange, decoder, self._writer(), self.tally)
        await self._relay.run(answer, self._head)

    def _writer(self) -> Writer:
        call = self.call
        codec = call.codec
        request_id = call.request_id
        if self.passes_through:
            trim = UsageChunkFilter() if self._adds_usage() else None
            return PassThrough(lambda error: codec.stream_error(error, request_id), trim)  # type: ignore[union-attr]
        request = cast("ChatRequest", call.canonical)
        encoder = codec.stream_encoder(request, request_id, call.losses)  # type: ignore[union-attr]
        adapt = None
        if not _carries_custom_tools(self.codec) and custom_tools.has_custom(request):
            adapt = custom_tools.CustomToolUnwrapper(request).feed
        return Translation(encoder, adapt)


def _carries_custom_tools(codec: Codec) -> bool:
    return codec.name == "openai_responses"


def _nearest(codec: ChatCodec | EmbedCodec, dialects: dict[str, str]) -> str:
    """The provider's first wire form that serves the same kind of request."""
    embeds = codec.name in EMBEDDING_CODECS
    for name in dialects:
        if (name in EMBEDDING_CODECS) == embeds:
            return name
    kind = "embeddings" if embeds else "chats"
    raise CannotCarry(f"the chosen provider serves no {kind}")
