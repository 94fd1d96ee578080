"""Makes steps from calls, and finds the step that a call follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from pointsman.core.chat import ToolCall
from pointsman.core.events import FinishState
from pointsman.gateway.outcomes.answers import Answer
from pointsman.gateway.outcomes.asked import Body
from pointsman.gateway.outcomes.harness import stripped
from pointsman.gateway.outcomes.memory import DISTINCT_CHARS, IssuedCall, Memory, Step, Thread, text_hash
from pointsman.gateway.outcomes.tails import Result, Tail, read_tail
from pointsman.gateway.outcomes.uses import use_of

if TYPE_CHECKING:
    from pointsman.gateway.call import Call, Tried

ANSWER_AND_REPLY = 2
REPEATED_ANSWER = "ASSISTANT: "
"""What stands before our answers where aider asks for a commit message."""
MAX_REPEATED = 20
FIRST_MESSAGES = 3
"""A conversation with fewer messages has no earlier answer of ours in it."""
SPEAKERS = {"openai_chat": b'"assistant"', "anthropic": b'"assistant"', "ollama_chat": b'"assistant"'}
"""How a wire form marks what the model said before."""
OWN_NAME = "conv-"
"""How the names begin that conversations get from us; all others are the client's."""


def step_of(call: "Call", tried: "Tried", answer: Answer, thread: Thread) -> Step:
    """The step that an attempt made."""
    started_s = tried.attempt.started_s - call.started_s
    return Step(
        decision_id=call.request_id,
        attempt=tried.attempt.number,
        target=tried.attempt.target.id,
        agent_id=call.logged_as,
        started_at_us=call.started_at_us + int(started_s * 1_000_000),
        ended_at_us=call.started_at_us + int((tried.ended_s - call.started_s) * 1_000_000),
        thread=thread,
        state=tried.state,
        answer=text_hash(answer.text),
        answer_chars=len(answer.text.strip()),
        body_hash=call.body_hash,
        message_count=call.outline.message_count,
        calls={one.id: _issued(one) for one in answer.calls if one.id},
    )


def is_distinct(answer: Answer) -> bool:
    """Whether the answer's text is unlikely to have been given elsewhere too."""
    return len(answer.text) >= DISTINCT_CHARS


def _opens(body: Body) -> bool:
    """Whether nothing of ours can be in the request: nobody speaks in it but the client. `rfind` is several
    times as quick as `in` on long bodies."""
    return body.form in SPEAKERS and body.raw.rfind(SPEAKERS[body.form]) < 0


def followed(call: "Call", body: Body, memory: Memory) -> tuple[Step | None, Tail | None]:
    """The step whose answer the call's request brings back, and what came after it. The step is None
    where none is known; it may be a conversation's root, which stands before its first answer."""
    outline, agent, session = call.outline, call.logged_as, call.caller.session_key
    if not outline.answered_calls and (outline.message_count < FIRST_MESSAGES or _opens(body)):
        return _root(call, memory), None
    step = memory.by_calls(agent, session, outline.answered_calls)
    tail = read_tail(body)
    if step is not None or tail is None:
        return step, tail
    if tail.results and not outline.answered_calls:
        step = memory.by_place(agent, session, outline.message_count - len(tail.results))
    if step is not None:
        tail.results = _named(tail.results, step)
        return step, tail
    said = text_hash(tail.said)
    step = memory.by_answer(agent, session, said) if said else None
    if step is not None and step.message_count + ANSWER_AND_REPLY > outline.message_count:
        step = None  # the same words in another place, such as an example in a prompt
    if step is None:
        step = memory.by_calls(agent, session, tail.called)
        if step is not None and step.thread.steps and not step.thread.steps[-1].complete:
            step = step.thread.steps[-1]
    if step is None:
        last = memory.by_session(agent, session)
        if last is not None and not last.complete and last.message_count < outline.message_count:
            step = last
    return step or _root(call, memory), tail


def _named(results: list[Result], step: Step) -> list[Result]:
    """Results without ids, as answers to the step's calls in their order."""
    named = [replace(result, call_id=call_id) for result, call_id in zip(results, step.calls, strict=False)]
    return named if len(results) == len(step.calls) else results


def committed(body: Body, threads: Sequence[Thread]) -> Step | None:
    """The step whose edit a request for a commit message is about: the one whose answer it repeats, else
    that of the only running conversation."""
    last = [thread.steps[-1] for thread in reversed(threads) if thread.steps]
    tail = read_tail(body)
    repeated = tail.raw_words.split(REPEATED_ANSWER)[1:MAX_REPEATED] if tail is not None else []
    for step in last:
        if any(step.answer and text_hash(text[: step.answer_chars]) == step.answer for text in repeated):
            return step
    return last[0] if len(last) == 1 else None


def asked_by(call: "Call", tail: Tail | None) -> int:
    """The hash of the human words which the call's request ends with; 0 in a tool loop."""
    if tail is not None:
        return 0 if tail.tool_loop else text_hash(tail.words.human)
    return text_hash(stripped(call.outline.last_user)) if call.outline.last_role == "user" else 0


def named_session(call: "Call") -> str | None:
    """The conversation's name, if the client gave it."""
    session = call.caller.session_key
    return None if session is None or session.startswith(OWN_NAME) else session


def root_of(thread: Thread, step: Step, beginning: int) -> Step:
    """A step to stand before a conversation's first: it decided nothing, so nothing is told of it.
    `beginning` is what it is known by."""
    return Step(
        decision_id="",
        attempt=0,
        target="",
        agent_id=step.agent_id,
        started_at_us=0,
        ended_at_us=0,
        thread=thread,
        state=FinishState.FAILED,
        body_hash=beginning,
        message_count=step.message_count,
    )


def _root(call: "Call", memory: Memory) -> Step | None:
    last = memory.by_session(call.logged_as, named_session(call))
    root = last.thread.root if last is not None else None
    if root is None or root.message_count != call.outline.message_count:
        return None
    return root if root.body_hash == beginning_of(call) else None


def beginning_of(call: "Call") -> int:
    """The hash of what a request has before the human's words: subagents go by their agent's session in some
    clients, with prompts and tools of their own."""
    return text_hash("\0".join([call.outline.system, *call.outline.tool_names]))


def _issued(call: ToolCall) -> IssuedCall:
    return IssuedCall(_key(call.name, call.arguments), call.name, use_of(call.name, call.arguments))


def _key(name: str, arguments: str) -> int:
    return xxh3_64_intdigest(f"{name}\0{arguments.strip()}".encode("utf-8", "surrogatepass"))
