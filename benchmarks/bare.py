"""What the emulator is compared with: the smallest application that sends recorded bytes, on the same server."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.request import name_of

Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Send], Awaitable[None]]


def whole(body: bytes, content_type: str) -> Application:
    """Returns one body for every request."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]

    async def application(scope: Any, receive: Any, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def paced(body: bytes, content_type: str, name: bytes, gap: float) -> Application:
    """Returns the events of `body` for every request; those of one name `gap` seconds apart, by absolute time."""
    headers = [(b"content-type", content_type.encode())]
    writes = steps(body, name)

    async def application(scope: Any, receive: Any, send: Send) -> None:
        await receive()
        loop = asyncio.get_running_loop()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        begin = loop.time()
        for number, write in enumerate(writes):
            await asyncio.sleep(begin + number * gap - loop.time())
            await send({"type": "http.response.body", "body": write, "more_body": number + 1 < len(writes)})

    return application


def steps(body: bytes, name: bytes) -> list[bytes]:
    """The bytes that leave at each step: an event of that name, with the others that stand before it or end it all."""
    writes, waiting = [], b""
    for block in body.split(b"\n\n")[:-1]:
        waiting += block + b"\n\n"
        if name_of(block) == name:
            writes.append(waiting)
            waiting = b""
    return [*writes[:-1], writes[-1] + waiting]


def main() -> None:
    """Serves until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--content-type", required=True)
    parser.add_argument("--paced", metavar="EVENT")
    parser.add_argument("--gap", type=float, default=0.02, metavar="SECONDS")
    options = parser.parse_args()
    body = options.body.read_bytes()
    application = (
        whole(body, options.content_type)
        if options.paced is None
        else paced(body, options.content_type, options.paced.encode(), options.gap)
    )
    # As the emulator's server is set up: without the middleware that uvicorn puts around an application by default.
    settings: dict[str, Any] = {"loop": "uvloop", "http": "httptools", "lifespan": "off", "proxy_headers": False}
    uvicorn.run(application, port=options.port, access_log=False, log_level="warning", backlog=4096, **settings)


if __name__ == "__main__":
    main()
