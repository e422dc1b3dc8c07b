"""`python -IS launch.py SOCKET ARGUMENTS` runs `emulator ARGUMENTS` in a process that the fork server at SOCKET forks.

For those who start a process by a command. It has the environment, folder and streams of this one, gets its signals,
and its exit status becomes that of this one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

LENGTH = 4  # bytes of a number, as fork_server.py sends it
PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


def launch(address: str, arguments: list[str]) -> None:
    """Runs it to its end, and ends as it did."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        order = json.dumps([arguments, dict(os.environ), os.getcwd(), False]).encode()
        socket.send_fds(server, [len(order).to_bytes(LENGTH, "big")], [0, 1, 2])
        server.sendall(order)
        pid = received(server)
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        status = received(server)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) in PASSED_ON:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


def received(server: socket.socket) -> int:
    """The next number that the server sends. EOFError when it has gone."""
    data = server.recv(LENGTH, socket.MSG_WAITALL)
    if len(data) < LENGTH:
        raise EOFError("the fork server has ended")
    return int.from_bytes(data, "big")


if __name__ == "__main__":
    launch(sys.argv[1], sys.argv[2:])
