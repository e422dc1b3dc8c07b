"""HAR 1.2: exchanges as browsers' developer tools import them; the events of streams are below `_events`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulator import __version__
from emulator.http.status import phrase

HTTP = "HTTP/1.1"
UNKNOWN = -1  # HAR's value for a size that nobody knows
FORM = "application/x-www-form-urlencoded"


def har(exchanges: Sequence[Mapping[str, Any]], sent: Mapping[int, Sequence[float]], url: str) -> dict[str, Any]:
    """Returns the log of exchanges; `sent` are the times of their events by number, `url` is the emulator's."""
    creator = {"name": "ai-api-emulator", "version": __version__}
    entries = [_entry(each, sent.get(each["number"], ()), url) for each in exchanges]
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entry(each: Mapping[str, Any], sent: Sequence[float], url: str) -> dict[str, Any]:
    took = _milliseconds(each["took"])
    entry = {
        "startedDateTime": datetime.fromtimestamp(each["at"], UTC).isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request(each, url),
        "response": _response(each),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_operation": each["operation"],
        "_outcome": each["outcome"],
        "_faults": list(each["faults"]),
    }
    if each["events"]:
        receive = min(_milliseconds(max(sent, default=0.0)), took)
        entry["timings"] = {"send": 0, "wait": round(took - receive, 3), "receive": receive}
        entry["_events"] = _events(each["reply_body"], sent)
    return entry


def _request(each: Mapping[str, Any], url: str) -> dict[str, Any]:
    query = each["query"] if isinstance(each["query"], str) else urlencode(each["query"], doseq=True)
    request: dict[str, Any] = {
        "method": each["method"],
        "url": f"{_origin(each['headers'].get('host', ''), url)}{each['path']}{f'?{query}' if query else ''}",
        "httpVersion": HTTP,
        "cookies": [],
        "headers": _pairs(each["headers"]),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)],
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }
    if each["body"] is None:
        return {**request, "bodySize": 0}
    kind = each["headers"].get("content-type", "")
    is_form = kind.lower().startswith(FORM) and isinstance(each["body"], dict)
    text = urlencode(each["body"], doseq=True) if is_form else _text(each["body"])
    return {**request, "postData": {"mimeType": kind, "params": [], "text": text}}


def _response(each: Mapping[str, Any]) -> dict[str, Any]:
    text, status = _text(each["reply_body"]), each["status"]
    return {
        "status": status,
        "statusText": phrase(status),
        "httpVersion": HTTP,
        "cookies": [],
        "headers": _pairs(each["reply_headers"]),
        "content": {
            "size": len(text.encode("utf-8", "replace")),
            "mimeType": each["reply_headers"].get("content-type", ""),
            "text": text,
        },
        "redirectURL": each["reply_headers"].get("location", ""),
        "headersSize": UNKNOWN,
        "bodySize": each["bytes_sent"],
    }


def _events(body: Any, sent: Sequence[float]) -> list[dict[str, Any]]:
    """Returns the events that left, each with its time in milliseconds after the response began."""
    texts = [part for part in _text(body).split("\n\n") if part.strip()]
    return [
        {"time": _milliseconds(at), "text": texts[index] if index < len(texts) else ""} for index, at in enumerate(sent)
    ]


def _origin(host: str, url: str) -> str:
    """Returns scheme and host: those of the emulator, or of the emulated host, which clients call over HTTPS."""
    return url.rstrip("/") if host in ("", urlsplit(url).netloc) else f"https://{host}"


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _text(body: Any) -> str:
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1_000, 3)
