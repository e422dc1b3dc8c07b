"""The rule about what a plan does not include."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.exchange import Exchange
from emulator.verdict.evidence import Evidence, data_of, parts
from emulator.verdict.finding import Finding, finding


def model_forbidden_by_plan(evidence: Evidence) -> Iterator[Finding | None]:
    """A model was asked for that the caller's plan does not include: one finding for each caller and model.

    Source: the API's own check, one that speaks of `caller.plan` and refuses with 403, naming the field.
    """
    refused: dict[tuple[str, ...], list[Exchange]] = {}
    for exchange in evidence.exchanges:
        planned = evidence.role(exchange).planned
        if not planned:
            continue
        param = _param(exchange, dict(planned))
        if param is None:
            yield None
            continue
        said = data_of(exchange.body)
        model = said.get(param) if isinstance(said, dict) else None
        refused.setdefault((exchange.api, exchange.operation, exchange.caller, str(model)), []).append(exchange)
    for (_, operation, caller, model), exchanges in refused.items():
        yield finding(
            "model_forbidden_by_plan",
            exchanges,
            f"{operation} asked for {model} with the key {caller}, whose plan does not include it",
            "a model of the plan",
            f"{len(exchanges)} refusals: {exchanges[0].error or exchanges[0].status}",
        )


def _param(exchange: Exchange, planned: dict[int, str]) -> str | None:
    """The field that a check of the plan refused. What a rule or a fault answers is nobody's plan."""
    param = planned.get(exchange.status)
    if param is None or exchange.rule or exchange.faults:
        return None
    return param if param in parts(data_of(exchange.reply_body)) else None
