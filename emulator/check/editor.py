"""JSON Schemas for editors: every key described; operations, faults, operators, errors and scenarios listed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from emulator.faults import FAULTS
from emulator.faults.base import Parameter, about
from emulator.faults.registry import parameters
from emulator.language.schema.api_keys import API_KEYS
from emulator.language.schema.project import ProjectFile
from emulator.language.schema.scenario import ApiFile, ScenarioFile
from emulator.language.schema.scenario_keys import SCENARIO_KEYS
from emulator.playbook.apis import Api
from emulator.playbook.operators import OPERATORS

Schema = dict[str, Any]
DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {**API_KEYS, **SCENARIO_KEYS}
# Models whose keys are described as those of another are.
DESCRIBED_AS: Mapping[str, str] = {"ErrorKindChangeModel": "ErrorKindModel", "ErrorsChangeModel": "ErrorsModel"}
OPERATOR_TEXTS: Mapping[str, str] = {
    "matches": "A text in which the regular expression is found.",
    "contains": "A text with this in it, a list with this item, a mapping with this key.",
    "gt": "Greater than this.",
    "gte": "Greater than this, or equal.",
    "lt": "Less than this.",
    "lte": "Less than this, or equal.",
    "not": "Not this: a value, any of a list, or operators.",
    "present": "Whether there is such a field.",
    "length": "A text, list or mapping of this length.",
}
CONDITION_TEXTS: Mapping[str, str] = {
    "expr": "An expression that must be true: {{ … }}.",
    "jsonpath": "Queries (RFC 9535) of the body, each with a value or operators.",
    "times": "Only the first so many requests that match everything else.",
    "nth": "Only the request with this number among those that match everything else.",
    "every": "Only every so many of the requests that match everything else.",
    "probability": "Only such a share of the requests, from 0 to 1, drawn from the seed.",
    "after": "Only from this age of the world on.",
    "for": "Only for so long.",
}


def editor_schema(kind: str, apis: Collection[Api], scenarios: Iterable[str]) -> Schema:
    """Returns the schema of `scenario`, `api` or `project` files, with the names that these APIs and scenarios have."""
    if kind == "project":
        return _project(apis, sorted(scenarios))
    model = ScenarioFile if kind == "scenario" else ApiFile
    schema = model.model_json_schema()
    models: dict[str, Schema] = {model.__name__: schema, **schema["$defs"]}
    for name, part in models.items():
        _describe(part, DESCRIPTIONS.get(DESCRIBED_AS.get(name, name), {}))
    _list_names(models, apis, sorted(scenarios))
    return schema


def _project(apis: Collection[Api], scenarios: list[str]) -> Schema:
    schema = ProjectFile.model_json_schema()
    keys, one = schema["properties"], _one_of(scenarios)
    keys["scenario"] = {"anyOf": [one, {"type": "array", "items": one}]} | _described(keys["scenario"])
    like = _one_of(key for api in apis for key in api.keys)
    keys["keys"] = {"type": ["object", "null"], "additionalProperties": like} | _described(keys["keys"])
    return schema


def _described(part: Schema) -> Schema:
    return {"description": part["description"]}


def _describe(model: Schema, texts: Mapping[str, str]) -> None:
    for key, part in model.get("properties", {}).items():
        if key in texts:
            part["description"] = texts[key]


def _list_names(models: Mapping[str, Schema], apis: Collection[Api], scenarios: list[str]) -> None:
    operations = [text for api in apis for name in api.operations for text in (name, f"{api.name}/{name}")]
    errors = [name for api in apis for name in api.errors]
    collections = [name for api in apis for name in api.collections]
    jobs = [name for api in apis for name in api.jobs]
    one = _one_of(operations)
    answering = _one_of(
        text
        for api in apis
        for name, each in api.operations.items()
        if each.answer
        for text in (name, f"{api.name}/{name}")
    )
    when, fault, error = _when(), _fault(), _one_of(errors)
    lists: Mapping[str, Mapping[str, Schema]] = {
        "RuleModel": {"on": {"anyOf": [one, {"type": "array", "items": one}]}, "when": when, "fault": fault},
        "CannedAnswerModel": {"on": {"anyOf": [answering, {"type": "array", "items": answering}]}},
        "ExpectModel": {"on": {"anyOf": [one, {"type": "array", "items": one}]}},
        "OrderedModel": {"on": {"anyOf": [one, {"type": "array", "items": one}]}},
        "CheckModel": {"when": when, "error": error},
        "ReplyModel": {"error": error},
        "StepModel": {
            **{verb: _one_of(collections) for verb in ("put", "update", "append", "upsert", "remove")},
            "start": _one_of(jobs),
        },
        "ScenarioFile": {"extends": _one_of(scenarios), "apis": _apis(apis)},
    }
    for name, properties in lists.items():
        for key, part in properties.items():
            if name in models and key in models[name]["properties"]:
                models[name]["properties"][key] = {
                    **part,
                    "description": models[name]["properties"][key].get("description", ""),
                }


def _one_of(names: Iterable[str]) -> Schema:
    """Text that an editor completes; another one is allowed, because a file beside may bring it."""
    return {"anyOf": [{"enum": list(dict.fromkeys(names))}, {"type": "string"}, {"type": "null"}]}


def _when() -> Schema:
    operators = {name: {"description": OPERATOR_TEXTS[name]} for name in OPERATORS}
    operand: Schema = {"type": "object", "properties": operators, "additionalProperties": False}
    value = {"anyOf": [{"type": ["string", "number", "boolean", "null", "array"]}, operand]}
    conditions = {name: {"description": text} for name, text in CONDITION_TEXTS.items()}
    fields: Schema = {"type": "object", "properties": conditions, "additionalProperties": value}
    return {"anyOf": [{"type": ["string", "null"]}, fields]}


def _fault() -> Schema:
    named = {name: {"description": about(FAULTS[name]), **_parameters(name)} for name in FAULTS}
    aliases = {name: {"description": f"The same as {alias.fault}."} for name, alias in FAULTS.aliases.items()}
    known = [*named, *aliases]
    one: Schema = {
        "anyOf": [
            {"enum": known},
            {"type": "object", "properties": {**aliases, **named}, "additionalProperties": False},
        ]
    }
    return {"anyOf": [one, {"type": "array", "items": one}, {"type": "null"}]}


def _parameters(fault: str) -> Schema:
    """The parameters of a fault; the first may be given alone, and other tools' names of them are allowed."""
    known = parameters(FAULTS[fault])
    described = {name: {"description": each.expected, **_choices(each)} for name, each in known.items()}
    alone: Schema = {"type": ["string", "number", "null"]}
    alone |= next((_choices(each) for each in known.values()), {})
    return {"anyOf": [alone, {"type": "object", "properties": described}]}


def _choices(parameter: Parameter) -> Schema:
    return {"enum": [*parameter.choices, None]} if parameter.choices else {}


def _apis(apis: Iterable[Api]) -> Schema:
    return {
        "type": "object",
        "properties": {api.name: _override(api) for api in apis},
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/OverrideModel"}, {"type": "null"}]},
    }


def _override(api: Api) -> Schema:
    """What a scenario may change of one API, with the names that it has."""
    switches = {
        name: {"enum": switch.choices, "description": switch.about or f"By default {switch.default!r}."}
        for name, switch in api.file.switches.items()
    }
    jobs = {
        name: {"type": "object", "properties": dict.fromkeys(kind.timeline.states, True)}
        for name, kind in api.jobs.items()
    }
    names = {
        "switches": {"properties": switches},
        "tiers": {"properties": dict.fromkeys(api.tiers, True)},
        "jobs": {"properties": jobs},
        "collections": {"properties": dict.fromkeys(api.collections, True)},
        "errors": {"properties": {"kinds": {"properties": dict.fromkeys(api.errors, True)}}},
        "canned": {"properties": dict.fromkeys(api.answers, True)},
    }
    change = {"allOf": [{"$ref": "#/$defs/OverrideModel"}, {"type": "object", "properties": names}]}
    return {"anyOf": [change, {"type": "null"}], "description": api.title}
