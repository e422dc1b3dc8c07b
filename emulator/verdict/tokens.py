"""Rules about tokens that live for a while: one is asked for before it is needed, and used as long as it lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, finding, seconds
from emulator.verdict.history import Attempts, History, data_of, end, header, parts

REFUSED = 401


def token_refreshed_too_late(history: History) -> Iterator[Finding | None]:
    """A token was sent on after an answer had refused it and its lifetime was over.

    Source: the lifetime that the API's rule gives a token (`ttl`). The first refusal is let pass, because a client
    can't know that the world's clock was moved; so are requests of other connections that were on their way. A token
    refused before its time is not the client's fault.
    """
    for api, (token, calls) in _by_token(history):
        lifetime = max(
            (role.token or 0.0 for (name, _), role in history.roles.roles.items() if name == api), default=0.0
        )
        good = next((each for each in calls if each.status != REFUSED), None)
        later = calls if good is None else calls[calls.index(good) + 1 :]
        refused = next((each for each in later if each.status == REFUSED), None)
        if good is None or not lifetime:
            continue
        if refused is None or refused.at - good.at < lifetime:
            yield None
            continue
        fresh = next((each for each in history.between(refused, None) if _issues_token(history, each)), None)
        after = Attempts((refused,), history.thresholds)
        since = history.between(refused, fresh)
        later = [each for each in since if _token(history, each) == token and after.follows(refused, each)]
        if len(later) <= history.thresholds.last_calls:
            yield None
            continue
        yield finding(
            "token_refreshed_too_late",
            [refused, *later],
            f"exchange {refused.number} was refused because the token {token} had expired, and the same token was sent "
            f"{len(later)} times more",
            f"another token after {seconds(lifetime)}",
            f"a token at least {seconds(later[-1].at - good.at)} old",
        )


def token_refreshed_on_every_call(history: History) -> Iterator[Finding | None]:
    """One token after the other was asked for, each used for a single call and far from its end.

    The emulator's own judgement. Tokens of several workers that start at once are let pass, and so is another token
    after a refusal.
    """
    for api in history.playbook.apis:
        issues = _issues(history, api)
        run: list[Exchange] = []
        best: list[Exchange] = []
        for at, issue in enumerate(issues):
            after = issues[at + 1] if at + 1 < len(issues) else None
            if run and not Attempts((issue,), history.thresholds).follows(run[-1], issue):
                run = []
            run = [*run, issue] if _used_once(history, issue, after) else []
            best = max(best, run, key=len)
        if not issues:
            continue
        if len(best) < history.thresholds.tokens:
            yield None
            continue
        lifetime = history.role(best[0]).token or 0.0
        yield finding(
            "token_refreshed_on_every_call",
            best,
            f"{best[0].operation} issued {len(best)} tokens in {seconds(best[-1].at - best[0].at)}, each for one call",
            f"one token for {seconds(lifetime)}",
            f"{len(best)} tokens",
            "warning",
        )


def _by_token(history: History) -> Iterator[tuple[str, tuple[str, Sequence[Exchange]]]]:
    """The calls of each API by the token that they carry, as the journal shows it."""
    calls: dict[tuple[str, str], list[Exchange]] = {}
    for exchange in history.exchanges:
        token = _token(history, exchange)
        if token is not None:
            calls.setdefault((exchange.api, token), []).append(exchange)
    return ((api, (token, each)) for (api, token), each in calls.items())


def _token(history: History, exchange: Exchange) -> str | None:
    """The token that a request carries, masked."""
    for name, scheme in history.roles.bearers.get(exchange.api, ()):
        actual, _, token = (header(exchange.headers, name) or "").partition(" ")
        if actual.lower() == scheme and token:
            return token
    return None


def _issues(history: History, api: str) -> list[Exchange]:
    """The exchanges that gave the client a token."""
    return [each for each in history.exchanges if each.api == api and _issues_token(history, each)]


def _issues_token(history: History, exchange: Exchange) -> bool:
    return exchange.status < 300 and history.role(exchange).token is not None


def _used_once(history: History, issue: Exchange, after: Exchange | None) -> bool:
    """Whether one call with a token came between two tokens, in time for the first to serve the next one as well."""
    calls = [each for each in history.between(issue, after) if _token(history, each) is not None]
    lifetime = history.role(issue).token or 0.0
    in_time = after is None or after.at - issue.at < lifetime / 2
    return len(calls) == 1 and calls[0].status != REFUSED and in_time and (after is None or end(calls[0]) <= after.at)


def model_forbidden_by_plan(history: History) -> Iterator[Finding | None]:
    """A model was asked for that the caller's plan does not include: one finding for each caller and model.

    Source: the API's own check, one that speaks of `caller.plan` and refuses with 403, naming the field.
    """
    refused: dict[tuple[str, ...], list[Exchange]] = {}
    for exchange in history.exchanges:
        planned = history.role(exchange).planned
        if not planned:
            continue
        param = _param(exchange, dict(planned))
        if param is None:
            yield None
            continue
        body = data_of(exchange.body)
        model = body.get(param) if isinstance(body, dict) else None
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
