"""OpenAI Responses: answers."""

from typing import Any

from tests.standin import openai_common
from tests.standin.openai_common import cached_tokens, sse
from tests.standin.plan import Call, Decline, Plan, Say
from tests.standin.prompt import Prompt
from tests.standin.proofs import new_id, sign
from tests.standin.responses_reading import VENDOR, ResponsesReader
from tests.standin.responses_stream import Stream

CREATED = 1_790_000_000
_ECHOES: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}


class Responses:
    """`POST /v1/responses`. Remembers stored responses, for `previous_response_id`."""

    stream_type = "text/event-stream; charset=utf-8"

    def __init__(self) -> None:
        self.reader = ResponsesReader()

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        return self.reader.read(body, headers)

    def error(self, refused: Any, request_id: str) -> dict[str, Any]:
        return openai_common.error(refused, request_id)

    def failure(self, request_id: str) -> bytes:
        error = {"code": "server_error", "message": "The server had an error.", "param": None}
        return sse({"type": "error", "sequence_number": 99, **error}, "error")

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        head = self._head(prompt)
        return self._finished(head, prompt, plan, output_items(prompt, plan))

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        head = self._head(prompt)
        items = output_items(prompt, plan)
        stream = Stream()
        started = {**head, "status": "in_progress", "output": [], "usage": None}
        stream.add("response.created", response=started)
        stream.add("response.in_progress", response=started)
        chunks = {i: p.chunks for i, p in _with_index(prompt, plan) if isinstance(p, Say | Call)}
        for index, item in enumerate(items):
            stream.item(index, item, chunks.get(index, []))
        final = self._finished(head, prompt, plan, items)
        stream.add(f"response.{final['status']}", response=final)
        return stream.frames

    def _head(self, prompt: Prompt) -> dict[str, Any]:
        echoes = {n: prompt.body.get(n, value) for n, value in _ECHOES.items()}
        echoes = {n: _ECHOES[n] if v is None else v for n, v in echoes.items()}
        echoes["text"] = {**_ECHOES["text"], **echoes["text"]}
        echoes["reasoning"] = {**_ECHOES["reasoning"], **echoes["reasoning"]}
        fixed = {"background": False, "error": None, "incomplete_details": None, "completed_at": None}
        head = {"id": new_id("resp_", 48), "object": "response", "created_at": CREATED, "model": prompt.model}
        return {**head, **fixed, **echoes}

    def _finished(
        self, head: dict[str, Any], prompt: Prompt, plan: Plan, items: list[dict[str, Any]]
    ) -> dict[str, Any]:
        why = {"length": "max_output_tokens", "filter": "content_filter"}.get(plan.finish)
        if prompt.body.get("store") is not False:
            self.reader.remember(head["id"], prompt, items)
        return {
            **head,
            "status": "incomplete" if why else "completed",
            "completed_at": None if why else CREATED + 1,
            "incomplete_details": {"reason": why} if why else None,
            "output": items,
            "usage": usage(prompt, plan),
        }


def _with_index(prompt: Prompt, plan: Plan) -> list[tuple[int, Any]]:
    return list(enumerate(plan.parts, start=1 if plan.thinking else 0))


def output_items(prompt: Prompt, plan: Plan) -> list[dict[str, Any]]:
    """The output items, complete."""
    items: list[dict[str, Any]] = []
    if plan.thinking:
        items.append(_reasoning(prompt, plan.thinking))
    items += [_call(p) if isinstance(p, Call) else _message(p, plan) for p in plan.parts]
    return items


def _reasoning(prompt: Prompt, thought: str) -> dict[str, Any]:
    item_id = new_id("rs_", 48)
    shows = (prompt.body.get("reasoning") or {}).get("summary")
    summary = [{"type": "summary_text", "text": thought}] if shows else []
    item: dict[str, Any] = {"id": item_id, "type": "reasoning", "summary": summary}
    if "reasoning.encrypted_content" in (prompt.body.get("include") or []):
        item["encrypted_content"] = sign(VENDOR, item_id)
    return item


def _message(part: Say | Decline, plan: Plan) -> dict[str, Any]:
    content: dict[str, Any] = {"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}
    if isinstance(part, Decline):
        content = {"type": "refusal", "refusal": part.text}
    status = "incomplete" if plan.finish in ("length", "filter") else "completed"
    head = {"id": new_id("msg_", 48), "type": "message", "role": "assistant", "status": status}
    return {**head, "content": [content]}


def _call(call: Call) -> dict[str, Any]:
    space = {"namespace": call.namespace} if call.namespace else {}
    ids = {"call_id": new_id("call_"), "name": call.name, "status": "completed", **space}
    if call.custom:
        return {"id": new_id("ctc_", 48), "type": "custom_tool_call", **ids, "input": call.arguments}
    return {"id": new_id("fc_", 48), "type": "function_call", **ids, "arguments": call.arguments}


def usage(prompt: Prompt, plan: Plan) -> dict[str, Any]:
    """OpenAI's figures in the Responses form."""
    out = plan.output_tokens
    cached = cached_tokens(prompt.input_tokens, len(prompt.turns))
    return {
        "input_tokens": prompt.input_tokens,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": plan.reasoning_tokens},
        "total_tokens": prompt.input_tokens + out,
    }
