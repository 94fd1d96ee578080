"""What does not hold for the gateway of the SDKs' own tests and of the OpenAPI descriptions, and why.

`docs/reference/conformance.md` is made of these tables. A failure that is not here fails the check, and so
does an entry here that nothing fails for.
"""

from typing import Any, Final, NamedTuple


class Unserved(NamedTuple):
    """Tests that are not run: files (a glob below `tests/api_resources`) or, in the files that are run, test
    ids (a regular expression)."""

    sdk: str
    pattern: str
    reason: str


class Failing(NamedTuple):
    """Tests that fail: ids by regular expression, `ways` in which they do ("same": the provider speaks the
    client's wire form, "cross": it speaks another), and words of the complaint."""

    sdk: str
    pattern: str
    ways: tuple[str, ...]
    says: str
    reason: str


class Unchecked(NamedTuple):
    """A path of a description for which one of schemathesis' checks is not made."""

    description: str
    path: str
    check: str
    reason: str


class Change(NamedTuple):
    """A place in an OpenAPI description (a JSON pointer) that does not hold, and what holds instead; None
    takes it away."""

    description: str
    pointer: str
    value: Any
    reason: str


RUN_FILES: Final[dict[str, tuple[str, ...]]] = {
    "openai": (
        "beta/responses/test_input_tokens.py",
        "beta/test_responses.py",
        "chat/test_completions.py",
        "responses/test_input_tokens.py",
        "test_completions.py",
        "test_embeddings.py",
        "test_models.py",
        "test_responses.py",
    ),
    "anthropic": ("beta/test_messages.py", "beta/test_models.py", "test_messages.py", "test_models.py"),
}
"""What is run: the tests of everything that the gateway serves."""

_MEDIA = "Sound and pictures are made by other models than language models."
_STATE = "The vendor keeps objects of this kind; the gateway keeps none."
_AGENTS = "The vendor's hosted agents, assistants and sessions are products of their own."
_ACCOUNT = "The administration of an account at the vendor."
_BATCHES = "Batches run at the vendor for hours; the gateway routes single requests."

UNSERVED_FILES: Final = (
    Unserved("openai", "admin/*", _ACCOUNT),
    Unserved("openai", "audio/*", _MEDIA),
    Unserved("openai", "test_images.py", _MEDIA),
    Unserved("openai", "test_videos.py", _MEDIA),
    Unserved("openai", "test_content_provenance_checks.py", _MEDIA),
    Unserved("openai", "*test_realtime.py", "Speech over WebSocket and WebRTC."),
    Unserved("openai", "realtime/*", "Speech over WebSocket and WebRTC."),
    Unserved("openai", "test_live.py", "Speech over WebSocket and WebRTC."),
    Unserved("openai", "live/*", "Speech over WebSocket and WebRTC."),
    Unserved("openai", "beta/agents/*", _AGENTS),
    Unserved("openai", "beta/test_agents.py", _AGENTS),
    Unserved("openai", "beta/test_assistants.py", _AGENTS),
    Unserved("openai", "beta/test_threads.py", _AGENTS),
    Unserved("openai", "beta/threads/*", _AGENTS),
    Unserved("openai", "beta/chatkit/*", _AGENTS),
    Unserved("openai", "chat/completions/test_messages.py", _STATE),
    Unserved("openai", "*responses/test_input_items.py", _STATE),
    Unserved("openai", "test_conversations.py", _STATE),
    Unserved("openai", "conversations/*", _STATE),
    Unserved("openai", "test_containers.py", _STATE),
    Unserved("openai", "containers/*", _STATE),
    Unserved("openai", "test_files.py", _STATE),
    Unserved("openai", "test_uploads.py", _STATE),
    Unserved("openai", "uploads/*", _STATE),
    Unserved("openai", "test_vector_stores.py", _STATE),
    Unserved("openai", "vector_stores/*", _STATE),
    Unserved("openai", "test_skills.py", _STATE),
    Unserved("openai", "skills/*", _STATE),
    Unserved("openai", "test_batches.py", _BATCHES),
    Unserved("openai", "test_evals.py", "Evaluations and training run at the vendor."),
    Unserved("openai", "evals/*", "Evaluations and training run at the vendor."),
    Unserved("openai", "fine_tuning/*", "Evaluations and training run at the vendor."),
    Unserved("openai", "test_decisions.py", "Classifiers of the vendor's own, not language models."),
    Unserved("openai", "test_moderations.py", "Classifiers of the vendor's own, not language models."),
    Unserved("openai", "safety/*", "The vendor's own records of abuse."),
    Unserved("openai", "test_webhooks.py", "Calls from the vendor, which the gateway never sees."),
    Unserved("openai", "webhooks/*", "Calls from the vendor, which the gateway never sees."),
    Unserved("anthropic", "*organization/*", _ACCOUNT),
    Unserved("anthropic", "*test_organization.py", _ACCOUNT),
    Unserved("anthropic", "*user_profiles*", _ACCOUNT),
    Unserved("anthropic", "*messages/test_batches.py", _BATCHES),
    Unserved("anthropic", "*test_files.py", _STATE),
    Unserved("anthropic", "*skills*", _STATE),
    Unserved("anthropic", "beta/*memory_stores*", _STATE),
    Unserved("anthropic", "beta/*vaults*", _STATE),
    Unserved("anthropic", "beta/*agents*", _AGENTS),
    Unserved("anthropic", "beta/*environments*", _AGENTS),
    Unserved("anthropic", "beta/*sessions*", _AGENTS),
    Unserved("anthropic", "beta/test_deployment*.py", _AGENTS),
    Unserved("anthropic", "beta/test_dreams.py", _AGENTS),
    Unserved("anthropic", "beta/*tunnels*", _AGENTS),
    Unserved("anthropic", "beta/test_webhooks.py", "Calls from the vendor, which the gateway never sees."),
    Unserved(
        "anthropic",
        "beta/test_output_format_conversion.py",
        "Tests the SDK alone: it answers its own requests.",
    ),
)

UNSERVED_TESTS: Final = (
    Unserved("openai", r"/test_models\.py::.*_delete\[", "Deletes a model that was trained at the vendor."),
    Unserved(
        "openai",
        r"chat/test_completions\.py::.*_(retrieve|update|list|delete)(_with_all_params)?\[",
        "Answers that were stored at the vendor.",
    ),
    Unserved(
        "openai",
        r"test_responses\.py::.*_retrieve(_with_all_params)?_overload_\d\[",
        "Answers that were stored at the vendor.",
    ),
    Unserved(
        "openai",
        r"test_responses\.py::.*_(delete|cancel)(_with_all_params)?\[",
        "Answers that were stored at the vendor.",
    ),
    Unserved(
        "openai",
        r"test_responses\.py::.*_compact(_with_all_params)?\[",
        "Compaction makes content that only the vendor can read.",
    ),
)

_BOTH = ("same", "cross")
_EMPTY = (
    "The sample is empty. OpenAI too refuses a request without model and input, unless a prompt stored there "
    "names them."
)
FAILING: Final = (
    Failing(
        "openai",
        r"test_responses\.py::\w+::test_(method|raw_response|streaming_response)_create_overload_\d\[",
        _BOTH,
        "Missing required parameter: `model`",
        _EMPTY,
    ),
    Failing(
        "openai",
        r"test_input_tokens\.py::\w+::test_(method|raw_response|streaming_response)_count\[",
        _BOTH,
        "Missing required parameter: `model`",
        _EMPTY,
    ),
    Failing(
        "openai",
        r"test_embeddings\.py::\w+::test_(method|raw_response|streaming_response)_create\[(strict|aiohttp)\]",
        _BOTH,
        "Data returned by API invalid for expected schema",
        "The SDK asks for base64 by itself and decodes it after its strict check, which knows numbers only. "
        "OpenAI's own answer fails there too.",
    ),
    Failing(
        "openai",
        r"^test_completions\.py::\w+::test_method_create_with_all_params_overload_\d\[",
        ("cross",),
        "can do: completion",
        "The sample has a `suffix`: text behind a gap is beyond chat models, and is refused, not dropped.",
    ),
    Failing(
        "openai",
        r"test_responses\.py::\w+::test_method_create_with_all_params_overload_\d\[",
        ("cross",),
        "keeps what `background` asks for",
        "The sample asks for an answer to be fetched later, which only a provider with stored answers gives.",
    ),
    Failing(
        "openai",
        r"chat/test_completions\.py::\w+::test_method_create_with_all_params_overload_\d\[",
        ("cross",),
        "gives no log-probabilities",
        "The sample asks for log-probabilities, and the provider's wire form has none: refused, not dropped.",
    ),
)

_TEXT_OR_NUMBERS = {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]}
_EMBEDDING_INPUT = "/components/schemas/CreateEmbeddingRequest/properties/input/oneOf"
_LIMITS = (
    "How much is too much is the provider's to say: the gateway passes it on, and passes on the refusal."
)

CHANGES: Final = (
    Change(
        "openai",
        "/security",
        None,
        "A gateway on loopback lets its own machine in without a key, unless `server.require_keys` is set.",
    ),
    Change(
        "openai",
        "/components/schemas/Embedding/properties/embedding",
        _TEXT_OR_NUMBERS,
        "The description leaves out what `encoding_format: base64` is answered with.",
    ),
    Change(
        "openai",
        "/components/schemas/CreateEmbeddingRequest/additionalProperties",
        None,
        "Unknown fields are for the provider to judge, as in every other request.",
    ),
    *(Change("openai", f"{_EMBEDDING_INPUT}/{place}/maxItems", None, _LIMITS) for place in (1, 2, 3)),
    Change(
        "ollama",
        "/components/schemas/EmbedRequest/properties/options",
        {},
        "Options tell a local server how to run a model. They change no embedding, so they are not read.",
    ),
)

_PASSED_ON = (
    "In the provider's own wire form a body is passed on as it came, so what is wrong in it is the "
    "provider's to refuse; translated, only the parts that mean something to the other form are read."
)
_ESTIMATED = (
    "For providers that do not count, the size of the body is estimated: what would be refused as a request "
    "has a size too."
)
UNCHECKED: Final = (
    *(
        Unchecked("openai", path, "negative_data_rejection", _PASSED_ON)
        for path in ("/chat/completions", "/responses")
    ),
    Unchecked("openai", "/responses/input_tokens", "negative_data_rejection", _ESTIMATED),
    *(
        Unchecked("ollama", path, "negative_data_rejection", _PASSED_ON)
        for path in ("/api/chat", "/api/generate")
    ),
)

UNCOVERED: Final = {
    "openai": ("/chat/completions", "/responses", "/responses/input_tokens"),
    "ollama": (),
}
"""Paths for which schemathesis only draws cases at random: the systematic ones would be tens of thousands."""
