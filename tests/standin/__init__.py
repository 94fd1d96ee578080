"""A stand-in for the model providers: real HTTP, the vendors' wire forms, answers scripted by content.

    with StandIn() as upstream:
        OpenAI(base_url=f"{upstream.url}/v1", api_key="any")

It refuses what the vendors refuse, records every request (`upstream.requests()`), and produces faults on
demand: a directive such as `[[status:429 retry-after:3]]` in the last human message. `directives.py`
lists them, `script.py` says what is answered. Below `/p/NAME/` everything is served again, so that several
providers can be told apart in the record.
"""

from tests.standin.process import StandIn

__all__ = ["StandIn"]
