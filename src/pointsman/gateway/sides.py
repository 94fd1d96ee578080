"""The endpoints beside the chat: model lists, probes, and the gateway's view of what it serves."""

from pointsman.core.snapshot import PolicySnapshot
from pointsman.gateway.dialects.base import ModelCard, Page, PageRequest, Route
from pointsman.gateway.http.exchange import Exchange


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


def answer_aside(exchange: Exchange, route: Route, rest: str, snapshot: PolicySnapshot) -> None:
    """Answers a page of a dialect from the running snapshot."""
    assert route.page is not None  # only page routes come here
    page: Page = route.page(
        PageRequest(
            method=exchange.method,
            path=exchange.path,
            rest=rest,
            query=exchange.query,
            headers=exchange.headers,
            body=exchange.body,
            cards=model_cards(snapshot),
        )
    )
    exchange.reply(page.status, b"content-type: %s\r\n" % page.content_type, page.body)
