"""The README is true: its commands do what it says, its tables are those of what is served, its examples load."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from emulator.cli import main
from emulator.language.document.reader import read
from emulator.language.schema.provenance import PROVENANCES, Provenance
from emulator.playbook import Api
from emulator.playbook import Operation as Plan
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import Route
from emulator.settings import PARSERS, Listen
from tests.pages import README, ROOT, Block, blocks, complaints, examples, tables
from tests.reader import Reader, masked
from tests.running import Running, loaded

TEXT = README.read_text()
BLOCKS = blocks(README)
DEFAULT = loaded("default")


def column(heading: str, first: str) -> list[str]:
    return next(table.keys for table in tables(README) if (table.heading, table.first) == (heading, first))


def commands() -> Iterator[tuple[Block, Block | None]]:
    """Each shell block, and the block with its answer if one follows."""
    for block, after in zip(BLOCKS, [*BLOCKS[1:], None], strict=True):
        if block.language == "sh":
            yield block, after if after is not None and after.language in ("json", "text") else None


@pytest.mark.slow
def test_what_it_says_happens_when_one_follows_it(running: Running, tmp_path: Path) -> None:
    reader = Reader(running, tmp_path)
    for block in BLOCKS:
        reader.write(block)
    try:
        for block, answer in commands():
            said = reader.run(block)
            if answer is None:
                continue
            reader.remember(answer.text, said)
            if answer.language == "json":
                assert json.loads(masked(said)) == json.loads(masked(answer.text)), answer.place
            else:
                assert masked(said) == masked(answer.text), answer.place
    finally:
        reader.close()


@pytest.mark.parametrize("block", examples(README), ids=lambda block: block.place)
def test_each_example_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, README, tmp_path) == ""


def route_class(api: Api, route: Route) -> Provenance:
    """Who says that there is this route."""
    own = f"{route.method} {route.path.removeprefix(api.file.base)}"
    return grade_of_route(api.claims, api.file.operations[route.operation], own)


def promises(api: Api, operation: Plan) -> str:
    """How many claims an operation serves, by class: `5 documented, 1 invented`."""
    names = {each.claim for each in api.citations if each.operation == operation.name}
    counts = Counter[str](api.claims[name].grade for name in names)
    return ", ".join(f"{counts[grade]} {grade}" for grade in PROVENANCES if counts[grade])


def operation_rows(api: Api) -> list[str]:
    """What the README should say an API serves: what is documented first."""
    rows = []
    for route in DEFAULT.router.routes:
        if route.api == api.name:
            operation, request = api.operations[route.operation], f"{route.method} {route.path.replace(':path', '')}"
            known = route_class(api, route)
            cells = [f"`{request}`", f"`{operation.name}`", operation.summary, known, promises(api, operation)]
            rows.append((PROVENANCES.index(known), route.path, route.method, f"| {' | '.join(cells)} |"))
    return [row[-1] for row in sorted(rows)]


@pytest.mark.parametrize("api", DEFAULT.apis.values(), ids=DEFAULT.apis)
def test_the_table_of_everything_served_is_what_the_playbook_serves(api: Api) -> None:
    title = {"aixplain": "aiXplain", "aiexport": "AI Export"}[api.name]
    table = re.findall(rf"^### {title}\n\n(?:.*\n){{2}}((?:\|.*\n)*)", TEXT, re.M)[0]
    wanted = "".join(f"{row}\n" for row in operation_rows(api))
    assert table == wanted, f"the table of {title} should be:\n{wanted}"


def test_only_what_the_documents_show_is_called_a_documented_route() -> None:
    rows = [row for api in DEFAULT.apis.values() for row in operation_rows(api)]
    documented = [row.split("`")[1] for row in rows if "| documented |" in row]
    assert sorted(documented) == [
        "DELETE /v2/batch/{batch_id}/cancel",
        "GET /api/v2/data/{request_id}",
        "GET /sdk/agents/{request_id}/result",
        "GET /v2/messages",
        "GET /v2/models",
        "POST /api/v2/execute/{asset_id}",
        "POST /sdk/models/stats",
        "POST /v2/agents/{agent_id}/run",
        "POST /v2/batch",
        "POST /v2/messages",
        "POST /v2/messages/stream",
    ]


def test_every_promise_that_no_document_makes_is_among_the_guesses() -> None:
    guesses = TEXT[TEXT.index("## What it guesses") : TEXT.index("## Start")]
    claims = {name: claim for api in DEFAULT.apis.values() for name, claim in api.claims.items()}
    assert set(re.findall(r"\bA[XE]-[A-Z0-9-]+\b", guesses)) == {
        name for name, claim in claims.items() if claim.grade != "documented"
    }
    assert f"lists all {len(claims)}" in guesses


def test_the_guesses_stand_before_everything_else() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.M)
    assert headings[:3] == ["What it does not do", "What it guesses", "Start"]


def test_every_switch_is_turned_once() -> None:
    turned = {name for api in DEFAULT.apis.values() for name in api.switches}
    assert turned == set(re.findall(r"(\w+): \w+", ", ".join(re.findall(r"switches: \{(.*)\}", TEXT))))


def test_the_demo_keys_and_ids_are_known() -> None:
    keys = [key for api in DEFAULT.apis.values() for key in api.keys if len(key) < 40]
    client = "demo-enterprise` / `demo-secret"
    assert sorted(column("Keys and ids", "key")) == sorted([*keys, client])
    collections = DEFAULT.apis["aixplain"].collections
    known = {id for name in ("models", "tools", "agents") for id in collections[name].records}
    assert set(column("Keys and ids", "id")) <= known


def test_the_scenarios_that_come_with_it_are_listed_with_what_they_say_of_themselves() -> None:
    files = sorted((ROOT / "scenarios").glob("*.yaml"))
    for file in files:
        assert f"| `{file.stem}` | {read(file).data['about']} |" in TEXT
    assert column("Scenarios that come with it", "name") == [file.stem for file in files]


def test_each_step_of_a_request_is_a_file() -> None:
    chain = next(block.text for block in BLOCKS if "→ engine/deliver" in block.text)
    steps = [name for step in chain.split("→") for name in re.findall(r"[\w/]+", step)]
    assert (steps[0], steps[-1]) == ("bytes", "store/journal")
    for step in steps[1:]:
        assert (ROOT / "emulator" / f"{step}.py").is_file(), step


def test_every_command_and_every_option_of_serve_is_told() -> None:
    assert isinstance(main, click.Group)
    rows = column("Command line", "command")
    assert sorted(row.split()[1] for row in rows) == sorted(main.commands)
    section = TEXT[TEXT.index("## Command line") : TEXT.index("## Docker")]
    for option in main.commands["serve"].params:
        assert option.opts[0] in section or option.secondary_opts[0] in section, option.opts[0]
    variables = {"EMULATOR_" + flag[2:].replace("-", "_").upper() for flag, _ in PARSERS.values()}
    assert set(re.findall(r"EMULATOR_\w+", section)) <= variables


def test_the_container_is_run_as_its_file_is_written() -> None:
    (lines,) = [block.text for block in BLOCKS if block.text.startswith("docker")]
    recipe = (ROOT / "Dockerfile").read_text()
    tag = re.findall(r"docker build -t (\S+) \.", lines)[0]
    port = Listen().port
    assert lines.count(f" {tag}") == 3
    assert lines.count(f"-p 127.0.0.1:{port}:{port}") == 2
    assert f"EXPOSE {port}\n" in recipe
    folder = re.findall(r":(/\w+):ro", lines)[0]
    assert f"WORKDIR {folder}\n" in recipe
    assert 'ENTRYPOINT ["emulator"]' in recipe


def test_the_pages_it_refers_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
    headings = re.findall(r"^#+ (.*)$", TEXT, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\(#([\w-]+)\)", TEXT)) <= anchors
