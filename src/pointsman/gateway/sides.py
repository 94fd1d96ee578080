"""The endpoints beside the chat: model lists, probes, and the gateway's view of what it serves."""

from pointsman.core.events import FinishState
from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway import headers
from pointsman.gateway.call import Call
from pointsman.gateway.dialects.base import ModelCard, Page, PageRequest
from pointsman.gateway.http.exchange import Exchange
from pointsman.routing.candidates import check_name


def model_cards(snapshot: PolicySnapshot) -> list[ModelCard]:
    """Aliases first, then every target under its shortest name that is unique."""
    cards = [
        ModelCard(name=alias.name, kind=alias.kind, description="chosen by Pointsman per request")
        for alias in snapshot.aliases.values()
    ]
    for target in snapshot.targets.values():
        plain = target.model.name
        owners = snapshot.names.get(plain, ())
        cards.append(
            ModelCard(
                name=plain if owners[:1] == (target.id,) else target.id,
                target=target,
                abilities=target.model.abilities,
                context_window_tokens=target.model.context_window_tokens,
                created_s=target.model.created_s,
                kind=target.model.kind,
            )
        )
    return cards


def answer_page(exchange: Exchange, snapshot: PolicySnapshot) -> None:
    """Answers a page of a dialect from the running snapshot."""
    found = exchange.match
    page: Page = found.route.page(
        PageRequest(
            method=exchange.method,
            path=exchange.path,
            rest=found.rest,
            query=exchange.query,
            headers=exchange.headers,
            body=exchange.body,
            cards=model_cards(snapshot),
        )
    )
    exchange.reply(page.status, b"content-type: %s\r\n" % page.content_type, page.body)


def answer_at_once(call: Call) -> bool:
    """Answers a probe, which no model has to answer; False for anything else. Raises `NotFound` when
    there is no model of the probe's name."""
    if call.route.kind != "chat":
        return False
    body = call.codec.immediate(call.exchange.body)  # type: ignore[union-attr]
    if body is None:
        return False
    check_name(call.outline.model, call.snapshot)
    call.state = FinishState.COMPLETED
    call.exchange.reply(200, b"content-type: application/json\r\n", body)
    return True


def answer_count(call: Call, counted: bytes | None) -> None:
    """Answers with a provider's count, or with the estimate from the prompt's length."""
    body = counted or call.codec.encode_count(call.outline.context_tokens)  # type: ignore[union-attr]
    lines = headers.own(call, call.decision.target) + headers.request_id(call)
    call.exchange.reply(200, lines + b"content-type: application/json\r\n", body)
