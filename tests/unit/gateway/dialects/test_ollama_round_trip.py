import json
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.ollama_samples import CHAT, GENERATE, SCHEMA

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    Finish,
    Image,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from pointsman.gateway.dialects.base import Losses

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
IDS = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
IMAGES = st.sampled_from(
    [Image(media_type="image/png", data="iVBORw0KGgoAAA"), Image(media_type="image/webp", data="UklGRAAA")]
)
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers() | st.none(), max_size=3).map(json.dumps)
CALLS = st.builds(ToolCall, id=IDS, name=IDS, arguments=ARGUMENTS)
TEXTS = st.builds(Text, text=WORDS)
THOUGHTS = st.builds(Thinking, text=WORDS)


def some(*kinds):
    """At most one part of each kind, in order, and at least one in all."""
    return st.tuples(*[st.lists(kind, max_size=1) for kind in kinds]).map(lambda lists: list(chain(*lists)))


@st.composite
def conversations(draw):
    found = [Message(role="system", parts=[draw(TEXTS)])] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 3))):
        found.append(Message(role="user", parts=draw(some(IMAGES, TEXTS).filter(len))))
        calls = draw(st.lists(CALLS, max_size=2, unique_by=lambda call: call.id))
        said = draw(some(THOUGHTS, TEXTS)) + calls
        if said:
            found.append(Message(role="assistant", parts=said))
        results = [
            ToolResult(call_id=call.id, name=call.name, parts=[Text(text=f"{number}")]) for call in calls
        ]
        if results:
            found.append(Message(role="tool", parts=results))
    return found


TOOLS = st.builds(Tool, name=IDS, description=st.none() | WORDS, parameters=st.just(SCHEMA))
SETTINGS = {
    "max_output_tokens": st.none() | st.integers(1, 10**6),
    "temperature": st.none() | st.just(0.5),
    "top_k": st.none() | st.integers(0, 99),
    "seed": st.none() | st.integers(0, 99),
    "stop": st.lists(WORDS, max_size=2),
    "response_format": st.sampled_from(
        [None, ResponseFormat(type="json_object"), ResponseFormat(type="json_schema", schema=SCHEMA)]
    ),
    "reasoning": st.sampled_from(
        [None, Reasoning(enabled=True), Reasoning(enabled=False), Reasoning(effort="low", enabled=True)]
    ),
    "stream": st.booleans(),
    "include_usage": st.just(True),
    "extra": st.sampled_from([{}, {"options.num_ctx": 8192}, {"truncate": False}]),
    "echo": st.sampled_from([{}, {"ollama": {"keep_alive": 0}}, {"ollama": {"options": {"num_gpu": 1}}}]),
}
REQUESTS = st.builds(
    ChatRequest, model=IDS, messages=conversations(), tools=st.lists(TOOLS, max_size=2), **SETTINGS
)
PROMPTS = st.builds(
    ChatRequest,
    model=IDS,
    messages=st.tuples(st.lists(TEXTS, max_size=1), some(IMAGES), TEXTS).map(
        lambda found: (
            [Message(role="system", parts=found[0])] * len(found[0])
            + [Message(role="user", parts=[*found[1], found[2]])]
        )
    ),
    **SETTINGS,
)


@given(REQUESTS)
def test_what_the_chat_form_can_say_comes_back_as_it_was(request):
    losses = Losses()
    assert CHAT.decode_request(CHAT.encode_request(request, losses)) == request
    assert losses.fields == []


@given(PROMPTS)
def test_what_a_prompt_can_say_comes_back_as_it_was(request):
    losses = Losses()
    assert GENERATE.decode_request(GENERATE.encode_request(request, losses)) == request
    assert losses.fields == []


@given(REQUESTS)
def test_the_outline_reads_whatever_the_encoder_writes(request):
    outline = CHAT.outline(CHAT.encode_request(request, Losses()))
    assert (outline.model, outline.stream) == (request.model, request.stream)
    assert outline.tool_names == tuple(tool.name for tool in request.tools)
    last = request.messages[-1]
    assert outline.last_role == last.role
    answered = [part.call_id for part in last.parts if isinstance(part, ToolResult)]
    assert list(outline.answered_calls) == answered


@given(some(THOUGHTS, TEXTS), st.lists(CALLS, max_size=2), st.integers(0, 99), st.booleans())
def test_an_answer_comes_back_as_it_was(said, calls, tokens, cut):
    finish = Finish.LENGTH if cut else Finish.TOOL_CALLS if calls else Finish.STOP
    usage = Usage(input_tokens=tokens, output_tokens=1)
    answer = ChatResponse(id="", model="m", created_s=1, parts=said + calls, finish=finish, usage=usage)
    request = ChatRequest(model="m", messages=[])
    found = CHAT.decode_response(CHAT.encode_response(answer, request, Losses()))
    answer.id = found.id
    assert found == answer
