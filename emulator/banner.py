"""What `serve` says when it is ready: where each API is, the demo keys, and a request to copy."""

from __future__ import annotations

import shlex
from urllib.parse import quote

import orjson

from emulator.scenario.playbook import Api, Playbook


def banner(playbook: Playbook, host: str, port: int, token: str = "", secure: int | None = None) -> str:
    """A screenful for a person; `token` is what the control API wants to be shown, `secure` the TLS listener's port."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    origin = f"http://{shown}:{port}"
    lines = [f"Ready on {origin}, scenario {' + '.join(playbook.scenarios)}", ""]
    for api in playbook.apis.values():
        lines.append(f"{api.title} {api.version}")
        lines.append(f"  base URL   {origin}{api.base}")
        lines.extend(_keys(api))
        lines.extend(_example(api, origin))
        lines.append("")
    if secure is not None:
        lines += [f"TLS on port {secure}; `emulator certs` shows what clients must trust", ""]
    if token:
        lines += [f"Control API  {origin}/_emulator", f"  send       Authorization: Bearer {token}", ""]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def _keys(api: Api) -> list[str]:
    width = max((len(key) for key in api.keys), default=0)
    tiers = [
        entry.tier if entry.status == "active" else f"{entry.tier} ({entry.status})" for entry in api.keys.values()
    ]
    return [
        f"  {'demo keys' if at == 0 else '':<10} {key:<{width}}  {tier}"
        for at, (key, tier) in enumerate(zip(api.keys, tiers, strict=True))
    ]


def _example(api: Api, origin: str) -> list[str]:
    example = api.example
    if example is None:
        return []
    operation = api.operations[example.operation]
    path = operation.path
    for name, value in example.path.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}:path}}", quote(value))
    method = "" if operation.method == ("GET" if example.body is None else "POST") else f"-X {operation.method} "
    lines = [f"curl {method}{shlex.quote(origin + path)}"]
    lines += [f"-H {_quoted(f'{name}: {value}')}" for name, value in example.headers.items()]
    if example.body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(orjson.dumps(example.body).decode())}"]
    return ["  try        " + " \\\n             ".join(lines)]


def _quoted(text: str) -> str:
    """The text as one word of a shell, always in quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
