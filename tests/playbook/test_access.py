"""What an API gives to those who call it: a request to copy."""

from __future__ import annotations

import shlex

import pytest

from tests.library import Library, api


@pytest.mark.parametrize(
    ("route", "example", "command"),
    [
        ("GET /a/{id}", "{path: {id: x y/z}}", ["curl", "http://h:1/a/x%20y%2Fz"]),
        ("GET /a/{id:path}", "{path: {id: x y/z}}", ["curl", "http://h:1/a/x%20y/z"]),
        ("POST /a", "{}", ["curl", "-X", "POST", "http://h:1/a"]),
        ("DELETE /a", "{headers: {k: v}}", ["curl", "-X", "DELETE", "http://h:1/a", "-H", "k: v"]),
        (
            "POST /a",
            '{body: {t: "it\'s"}}',
            ["curl", "http://h:1/a", "-H", "Content-Type: application/json", "-d", '{"t":"it\'s"}'],
        ),
        ("PUT /a", "{headers: {k: '`id` $HOME'}}", ["curl", "-X", "PUT", "http://h:1/a", "-H", "k: `id` $HOME"]),
    ],
)
def test_the_example_of_an_api_is_a_command_for_a_shell(
    library: Library, route: str, example: str, command: list[str]
) -> None:
    text = api(
        "example: " + example.replace("{", "{operation: go, ", 1).replace(", }", "}") + "\n",
        f'go: {{route: "{route}", rules: []}}\n',
    )
    demo = library.demo(text)
    assert demo.example is not None
    assert shlex.split(" ".join(demo.example.command(demo.file, "http://h:1"))) == command
