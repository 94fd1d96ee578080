import json
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.base import Losses

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SAID = WORDS.filter(str.strip)
IDS = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
CACHE = st.none() | st.just({"type": "ephemeral"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.builds(Text, text=SAID, cache=CACHE)
IMAGES = st.builds(Image, url=WORDS) | st.builds(Image, media_type=st.just("image/gif"), data=WORDS)
DOCUMENTS = (
    st.builds(Document, url=WORDS, name=st.none() | WORDS)
    | st.builds(Document, media_type=st.just("application/pdf"), data=WORDS, name=st.none() | WORDS)
    | st.builds(Document, media_type=st.just("text/plain"), text=WORDS, name=st.none() | WORDS)
)
RESULTS = st.builds(
    ToolResult,
    call_id=IDS,
    parts=st.lists(TEXTS | IMAGES | DOCUMENTS, max_size=3),
    is_error=st.none() | st.booleans(),
)
ARGUMENTS = st.dictionaries(WORDS, JSON, max_size=3).map(json.dumps)
CALLS = st.builds(ToolCall, id=IDS, name=IDS, arguments=ARGUMENTS)
THOUGHTS = st.builds(
    Thinking, text=WORDS, signature=SAID.filter(lambda s: ":" not in s), origin=st.just("anthropic")
)


def message(role, parts):
    return st.builds(Message, role=st.just(role), parts=parts)


USERS = message("user", st.lists(TEXTS | IMAGES | DOCUMENTS, min_size=1, max_size=3)).map(lambda one: [one])
TOOLS_AND_USERS = st.tuples(
    message("tool", st.lists(RESULTS, min_size=1, max_size=2)), st.lists(USERS, max_size=1)
).map(lambda pair: [pair[0], *chain(*pair[1])])
ASSISTANTS = message("assistant", st.lists(TEXTS | CALLS | THOUGHTS, min_size=1, max_size=4))
ROUNDS = st.lists(st.tuples(ASSISTANTS, USERS | TOOLS_AND_USERS), max_size=3)


@st.composite
def conversations(draw):
    system = draw(st.lists(message("system", st.lists(TEXTS, min_size=1, max_size=2)), max_size=1))
    found = [*system, *draw(USERS | TOOLS_AND_USERS)]
    for assistant, answers in draw(ROUNDS):
        found += [assistant, *answers]
    return found


SCHEMAS = st.just({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False})
TOOLS = st.builds(
    Tool,
    name=IDS,
    description=st.none() | SAID,
    parameters=SCHEMAS,
    strict=st.sampled_from([None, True]),
    cache=CACHE,
)
CHOICES = st.none() | st.sampled_from([ToolChoice(mode=mode) for mode in ("auto", "none", "required")])
FORMATS = st.none() | st.builds(
    ResponseFormat, type=st.just("json_schema"), schema=SCHEMAS, strict=st.just(True)
)
EFFORTS = st.sampled_from(["low", "medium", "high", "xhigh", "max"])
REASONING = st.none() | st.builds(Reasoning, effort=EFFORTS) | st.just(Reasoning(enabled=False))
SAMPLING = st.sampled_from([{}, {"temperature": 0.5}, {"top_p": 0.5, "top_k": 5}, {"stop": ["END"]}])


@st.composite
def requests(draw):
    tools = draw(st.lists(TOOLS, max_size=2))
    return ChatRequest(
        model=draw(IDS),
        messages=draw(conversations()),
        tools=tools,
        tool_choice=draw(CHOICES) if tools else None,
        max_output_tokens=draw(st.integers(1, 10**6)),
        response_format=draw(FORMATS),
        reasoning=draw(REASONING),
        stream=draw(st.booleans()),
        include_usage=True,
        user=draw(st.none() | IDS.filter(lambda name: "_session_" not in name)),
        **draw(SAMPLING),
    )


@given(requests())
def test_what_the_dialect_can_say_comes_back_as_it_was(request):
    losses = Losses()
    assert CODEC.decode_request(CODEC.encode_request(request, losses)) == request
    assert losses.fields == []


THINKING = st.builds(
    Reasoning, effort=st.none() | EFFORTS, enabled=st.just(True), summary=st.sampled_from([None, "auto"])
)
BUDGETS = st.builds(Reasoning, budget_tokens=st.integers(1024, 8000), enabled=st.just(True))


@given(THINKING | BUDGETS)
def test_a_wish_for_thinking_comes_back_as_it_was(reasoning):
    request = ChatRequest(
        model="m",
        messages=[Message(role="user", parts=[Text(text="hi")])],
        reasoning=reasoning,
        max_output_tokens=9000,
        include_usage=True,
    )
    assert CODEC.decode_request(CODEC.encode_request(request, Losses())) == request


@given(requests())
def test_the_outline_reads_whatever_the_encoder_writes(request):
    outline = CODEC.outline(CODEC.encode_request(request, Losses()))
    assert (outline.model, outline.stream) == (request.model, request.stream)
    assert outline.tool_names == tuple(tool.name for tool in request.tools)
    last = [part.call_id for part in request.messages[-1].parts if isinstance(part, ToolResult)]
    assert set(last) <= set(outline.answered_calls)
