"""A stand-in for Docker's API, for clients that start the emulator's image: its command runs as a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from tests.pages import ROOT
from tests.waiting import until

IMAGE = "ai-api-emulator"
READY = re.compile(r"^Ready on http://127\.0\.0\.1:(\d+)", re.M)


class Container(Struct):
    """What was asked for, and the process that stands in for it."""

    config: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    port: int = 0


class Daemon(Struct):
    """The containers that clients have created, by id, and the requests that they sent."""

    folder: Path
    containers: dict[str, Container] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def create(self, config: dict[str, Any]) -> dict[str, Any]:
        assert config["Image"].partition(":")[0] == IMAGE
        id = f"{len(self.containers) + 1:064x}"
        self.containers[id] = Container(config)
        return {"Id": id, "Warnings": []}

    def start(self, id: str) -> None:
        """Runs what the Dockerfile says, on a loopback port that the system chooses instead of 0.0.0.0:8484."""
        container = self.containers[id]
        entry, command = (json.loads(_dockerfile(name)) for name in ("ENTRYPOINT", "CMD"))
        arguments = container.config.get("Cmd") or command
        told = dict(each.split("=", 1) for each in container.config.get("Env") or [])
        log = self.folder / f"{id[-4:]}.log"
        with log.open("w") as file:
            container.process = subprocess.Popen(
                [sys.executable, "-m", *entry, *arguments],
                cwd=self.folder,
                env=os.environ | told | {"EMULATOR_LISTEN": "127.0.0.1:0", "PYTHONPATH": str(ROOT)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        until(lambda: READY.search(log.read_text()), log.read_text)
        container.port = int(READY.findall(log.read_text())[0])

    def inspect(self, id: str) -> dict[str, Any]:
        container = self.containers[id]
        ports = {name: [{"HostIp": "127.0.0.1", "HostPort": str(container.port)}] for name in self._exposed(container)}
        state = {"Status": "running", "Running": True, "ExitCode": 0}
        return {
            "Id": id,
            "Name": f"/{IMAGE}",
            "Config": {**container.config, "Labels": container.config.get("Labels") or {}},
            "HostConfig": container.config.get("HostConfig") or {},
            "State": state,
            "NetworkSettings": {"Ports": ports, "Networks": {"bridge": {"Gateway": "127.0.0.1"}}},
        }

    def ports(self, id: str) -> list[dict[str, Any]]:
        container = self.containers[id]
        return [
            {"PrivatePort": int(name.partition("/")[0]), "PublicPort": container.port, "Type": "tcp"}
            for name in self._exposed(container)
        ]

    def stop(self) -> None:
        for container in self.containers.values():
            if container.process is not None and container.process.poll() is None:
                container.process.terminate()
                container.process.wait()

    @staticmethod
    def _exposed(container: Container) -> dict[str, Any]:
        found: dict[str, Any] = container.config.get("ExposedPorts") or {}
        return found


@contextmanager
def daemon(folder: Path) -> Iterator[tuple[str, Daemon]]:
    """A daemon on loopback: its address for DOCKER_HOST, and itself."""
    state = Daemon(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.server_port}", state
    finally:
        state.stop()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Daemon

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path, id = self._asked()
        if path == "/version":
            self._answer(200, {"ApiVersion": "1.45", "MinAPIVersion": "1.24", "Version": "26.0"})
        elif path == "/info":
            self._answer(200, {"OperatingSystem": "a stand-in", "ServerVersion": "26.0"})
        elif path == "/containers/json":
            self._answer(200, [{"Id": each, "Ports": self.state.ports(each)} for each in self.state.containers])
        elif path == f"/containers/{id}/json":
            self._answer(200, self.state.inspect(id))
        elif path.startswith("/images/"):
            self._answer(200, {"Id": "sha256:1", "RepoTags": [f"{IMAGE}:latest"], "Config": {}})
        else:
            self._answer(404, {"message": f"the stand-in has no {path}"})

    def do_POST(self) -> None:
        path, id = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/containers/create":
            self._answer(201, self.state.create(json.loads(body)))
        elif path == f"/containers/{id}/start":
            self.state.start(id)
            self._answer(204)
        else:
            self._answer(404, {"message": f"the stand-in has no {path}"})

    def do_DELETE(self) -> None:
        self._asked()
        self.state.stop()
        self._answer(204)

    def _asked(self) -> tuple[str, str]:
        path = re.sub(r"^/v[\d.]+", "", urlsplit(self.path).path)
        self.state.requests.append(f"{self.command} {path}")
        found = re.match(r"/containers/([0-9a-f]{64})", path)
        return path, found[1] if found else ""

    def _answer(self, status: int, data: Any = None) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _dockerfile(instruction: str) -> str:
    """What stands after an instruction in the last stage of the Dockerfile, the last time it is given."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [line.removeprefix(f"{instruction} ") for line in lines if line.startswith(f"{instruction} ")][-1]
