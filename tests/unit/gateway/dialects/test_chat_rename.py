import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.gateway.dialects.openai_chat import CODEC

FRONT = b'{ "temperature": 1.50,\n "messages": [ {"role":"user","content":"\\u00e9 \\"model\\": \\"x\\""} ], '


@pytest.mark.parametrize("value", [b'"a"', b'"a\\"b"', b'"openai/gpt \\u00e9"', b'""'])
def test_only_the_model_changes(value):
    body = FRONT + b'"model" : ' + value + b' , "x":[ ]}'
    assert CODEC.with_model(body, 'b"c') == FRONT + b'"model" : "b\\"c" , "x":[ ]}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"tools":[{"model":"inner"}],"model":"a"}',
        b'{"model":"a","metadata":{"model":"inner"}}',
        b'{"metadata":{"model":"inner"},"m\\u006fdel":"a"}',
        b'{"model":"x","model":"a"}',
        b'{"kind":"model","required":["model"],"properties":{"model":{"type":"string"}},"model":"a"}',
    ],
)
def test_only_the_top_level_counts(body):
    expected = {**json.loads(body), "model": "b"}
    renamed = CODEC.with_model(body, "b")
    assert json.loads(renamed) == expected
    assert renamed.count(b'"b"') == 1


JSON = st.recursive(
    st.none() | st.text(max_size=5) | st.just("model"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("model"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.text(), st.text(), st.booleans())
def test_any_body_is_renamed(fields, old, new, ascii_only):
    body = json.dumps({**fields, "model": old, "last": fields}, ensure_ascii=ascii_only).encode()
    assert json.loads(CODEC.with_model(body, new)) == {**json.loads(body), "model": new}
