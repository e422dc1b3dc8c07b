"""Startup banner of `serve`: the base URL of each API, the demo keys, and a request to copy."""

from __future__ import annotations

from emulator.playbook import Api, Playbook
from emulator.playbook.sample_request import sample


def banner(playbook: Playbook, host: str, port: int, token: str = "", secure: int | None = None) -> str:
    """Returns the banner; `token` is that of the control API, `secure` the TLS listener's port."""
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
    command = sample(api, origin)
    return ["  try        " + " \\\n             ".join(command)] if command else []
