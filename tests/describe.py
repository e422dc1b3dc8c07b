"""Writes what editors say of each key, as the pages of the language have it: run `python -m tests.describe`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

from emulator.compile.canned import CannedEntry
from emulator.compile.data import SeedRow
from emulator.language.schema import api, scenario
from tests.pages import LANGUAGE_PAGES, ROOT, tables

# Where the keys of each part are told: a heading, and what the first column is called.
PARTS: dict[type[api.Model], tuple[str, str]] = {
    scenario.ScenarioFile: ("A scenario file", "key"),
    scenario.OverrideModel: ("Override", "key"),
    scenario.LatencyModel: ("Latency", "key"),
    scenario.CannedAnswerModel: ("Canned answers", "answer's key"),
    scenario.RuleModel: ("A rule", "key"),
    scenario.ExpectModel: ("Expect", "key"),
    scenario.OrderedModel: ("Expect", "request's key"),
    scenario.ReplyModel: ("Reply", "key"),
    scenario.StreamModel: ("Stream", "key"),
    scenario.EventModel: ("Stream", "event key"),
    scenario.PaceModel: ("Stream", "pace key"),
    api.StepModel: ("Step", "key"),
    scenario.ApiFile: ("An API file", "key"),
    api.ExampleModel: ("An API file", "example key"),
    api.ClientModel: ("An API file", "client key"),
    api.ClaimModel: ("Claims", "claim key"),
    scenario.SwitchModel: ("Switch", "switch key"),
    api.KeyModel: ("Keys and tiers", "key's key"),
    api.UnknownKeysModel: ("Keys and tiers", "unknown_keys key"),
    api.TierModel: ("Keys and tiers", "tier key"),
    api.BucketModel: ("Keys and tiers", "bucket key"),
    api.JobsAtOnceModel: ("Keys and tiers", "jobs key"),
    api.CredentialModel: ("Keys and tiers", "auth key"),
    api.PartModel: ("Claims", "part key"),
    scenario.OperationModel: ("Operation", "key"),
    scenario.AliasModel: ("Operation", "alias key"),
    api.CallModel: ("Operation", "example key"),
    api.TakenModel: ("Operation", "path's key"),
    scenario.CheckModel: ("Operation", "check key"),
    scenario.UsageModel: ("Operation", "usage key"),
    api.ErrorsModel: ("Errors", "errors key"),
    api.ErrorKindModel: ("Errors", "kind key"),
    api.ErrorsChangeModel: ("Errors", "errors key"),
    api.ErrorKindChangeModel: ("Errors", "kind key"),
    api.CollectionModel: ("Collection", "collection key"),
    api.AnswerModel: ("Answer", "answer key"),
    CannedEntry: ("Answer", "canned key"),
    api.JobKindModel: ("Job", "job key"),
    api.RowModel: ("Job", "rows key"),
    api.PolledModel: ("Job", "polled key"),
    api.WebhookModel: ("Job", "webhook key"),
    SeedRow: ("Statistics", "statistics key"),
}
SCHEMA = ROOT / "emulator" / "language" / "schema"
MODULES: Mapping[str, tuple[str, str]] = {
    "api_keys": ("the parts of API files", api.__name__),
    "scenario_keys": ("scenarios, rules and operations", scenario.__name__),
}
WIDTH = 92  # characters of a line of text


def plain(text: str) -> str:
    """A cell of a table without its links and what only leads elsewhere on the page."""
    text = re.sub(r"\s*\((?:\[[^\]]*\]\([^)]*\)(?:, )?)+\)", "", text)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace(" (below)", "").strip()


def described(part: type[api.Model]) -> dict[str, str]:
    """The keys of a part, each with what the page says of it."""
    heading, first = PARTS[part]
    (table,) = [each for each in tables(*LANGUAGE_PAGES) if (each.heading, each.first) == (heading, first)]
    return {row[0].strip("`"): plain(row[1]) for row in table.rows[1:]}


def described_parts(module: str) -> list[type[api.Model]]:
    """The parts that editors describe by themselves; those that change another are described as that one is."""
    own = [part for part in PARTS if part.__module__ == module and "Change" not in part.__name__]
    return [part for part in own if part not in (CannedEntry, SeedRow)]


def _lines(name: str) -> Iterator[str]:
    what, module = MODULES[name]
    yield f'"""What the keys of {what} mean, by model, as docs/ says it; editors show it."""'
    yield "\nfrom __future__ import annotations\n\nfrom collections.abc import Mapping\n"
    yield f"{name.upper()}: Mapping[str, Mapping[str, str]] = {{"
    for part in described_parts(module):
        yield f'    "{part.__name__}": {{'
        for key, text in described(part).items():
            *most, last = wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
            if not most:
                yield f'        "{key}": {_quoted(last)},'
                continue
            yield f'        "{key}": ('
            yield from (f"            {_quoted(f'{line} ')}" for line in most)
            yield f"            {_quoted(last)}\n        ),"
        yield "    },"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(folder: Path = SCHEMA) -> None:
    for name in MODULES:
        (folder / f"{name}.py").write_text("\n".join(_lines(name)) + "\n")


if __name__ == "__main__":
    main()
