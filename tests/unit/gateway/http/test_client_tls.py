"""Providers are reached over TLS, and only those who prove who they are."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.http import client
from pointsman.gateway.http.client import Upstream
from pointsman.gateway.providers.base import Endpoint, Provider

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
OURS = trustme.CA()


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client trusts our authority, as a system that has it installed would."""
    context = ssl.create_default_context()
    OURS.configure_trust(context)
    monkeypatch.setattr(client, "_tls_context", lambda verify: context)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A provider whose certificate is for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    OURS.issue_cert("localhost").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def ask(port: int, host: str = "localhost", *, verify: bool = True) -> bytes:
    provider = Provider(name="p", base_url="", dialects={"openai_chat": "/c"})
    upstream = Upstream(Endpoint(provider=provider, base_url=f"https://{host}:{port}", verify_tls=verify))
    try:
        for _ in range(2):  # the second request goes over the kept connection
            answer = await upstream.send("/c", b"", b"{}")
            body = await answer.read(100)
        return body
    finally:
        upstream.close()


@pytest.mark.usefixtures("trusting")
async def test_a_provider_with_a_good_certificate_is_asked(port: int) -> None:
    assert await ask(port) == b"ok"


@pytest.mark.usefixtures("trusting")
async def test_a_certificate_for_another_name_is_refused(port: int) -> None:
    with pytest.raises(UpstreamBroken, match="certificate verify failed"):
        await ask(port, "127.0.0.1")


async def test_a_certificate_of_an_unknown_authority_is_refused(port: int) -> None:
    with pytest.raises(UpstreamBroken, match="certificate verify failed"):
        await ask(port)


async def test_an_operator_may_waive_the_proof(port: int) -> None:
    assert await ask(port, verify=False) == b"ok"
