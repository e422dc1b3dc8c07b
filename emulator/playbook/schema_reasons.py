"""Reasons: why a JSON Schema refuses a value, in plain words, without the value's text and without the schema's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jsonschema_rs

MUST = "must"  # a key beside any keyword: what is expected there, in an author's words, such as "be an https URL"
TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
UNKNOWN = ("additionalProperties", "unevaluatedProperties", "falseSchema")
ALTERNATIVES = ("anyOf", "oneOf")
MAX_SHOWN = 40  # characters of a value
MAX_CHOICES = 12
MAX_DEPTH = 10  # alternatives inside alternatives

Kind = Mapping[str, Any]
Bounds = Mapping[str, Any]


def order(error: jsonschema_rs.ValidationError) -> tuple[bool, int, int]:
    """The rank of a mistake among others: what is missing first, then what is wrong, the top before the depth.

    What is left unevaluated comes last: often only because something else there is wrong.
    """
    rank = {"required": 0, "type": 1}.get(error.kind.name, 2)
    return (error.kind.name == "unevaluatedProperties", len(error.instance_path), rank)


def explain(error: jsonschema_rs.ValidationError, schema: Mapping[str, Any], value: Any) -> tuple[str, str]:
    """Returns the dotted path of the field that is wrong ("" for the value as a whole), and the reason.

    `schema` is what the value was checked against, with everything that its references lead to.
    """
    around = _around(error, schema)
    for _ in range(MAX_DEPTH):
        inner = _nearest(error) if MUST not in around else None
        if inner is None:
            break
        error, around = inner, _around(inner, schema)
    return ".".join(_steps(error)), _reason(error, around, _at(value, error.instance_path))


def _steps(error: jsonschema_rs.ValidationError) -> list[str]:
    steps = [str(step) for step in error.instance_path]
    if error.kind.name == "required":
        steps.append(str(error.kind.as_dict()["property"]))
    elif error.kind.name in ("additionalProperties", "unevaluatedProperties"):
        steps.append(str(error.kind.as_dict()["unexpected"][0]))
    return steps


def _around(error: jsonschema_rs.ValidationError, schema: Mapping[str, Any]) -> Bounds:
    """The part of the schema whose keyword refused the value."""
    part = _at(schema, list(error.schema_path)[:-1])
    return part if isinstance(part, Mapping) else {}


def _at(value: Any, steps: Sequence[str | int]) -> Any:
    """What lies at a path; the error has a copy of it, which costs as much as reading the body did."""
    try:
        for step in steps:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def _nearest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError | None:
    """What is wrong by the alternative that the value comes nearest to; None when it is of no alternative's type."""
    if error.kind.name not in ALTERNATIVES:
        return None
    firsts = [min(each, key=order) for each in error.kind.as_dict()["context"] if each]
    here = len(error.instance_path)
    fitting = [each for each in firsts if each.kind.name != "type" or len(each.instance_path) > here]
    return max(fitting, key=lambda each: len(each.instance_path), default=None)


def _reason(error: jsonschema_rs.ValidationError, around: Bounds, value: Any) -> str:
    name, kind = error.kind.name, error.kind.as_dict()
    if name == "required":
        return "this field is required"
    if name in UNKNOWN:
        return "this field is not known"
    if (counted := _counted(name, kind, value)) is not None:
        return counted
    expected = str(around[MUST]) if MUST in around else _expected(name, kind, around)
    return f"must {expected}; found {shown(value)}"


def _counted(name: str, kind: Kind, value: Any) -> str | None:
    """The reason when there is too much or too little of something; None for other reasons."""
    side, unit = name[:3], COUNTED.get(name[3:])
    if unit is None or side not in ("min", "max"):
        return None
    limit, size = kind["limit"], len(value)
    if side == "min" and size == 0:
        return "must not be empty"
    return f"{_amount(size, unit)}; at {'least' if side == 'min' else 'most'} {limit:,}"


COUNTED = {"Items": "item", "Length": "character", "Properties": "key"}


def _amount(size: int, unit: str) -> str:
    return f"{size:,} {unit}{'' if size == 1 else 's'}"


def _expected(name: str, kind: Kind, around: Bounds) -> str:
    """What a value must be or do, to follow "must"."""
    said = EXPECTED.get(name)
    return "have the expected form" if said is None else said(kind, around)


def _of_type(kind: Kind, around: Bounds) -> str:
    types = kind["types"]
    named = [each for each in types if each != "null"] or types
    return f"be {listed([TYPES.get(each, each) for each in named])}"


def _one_of(kind: Kind, around: Bounds) -> str:
    options = [shown(each, quoted=False) for each in kind["options"] if each is not None] or ["null"]
    more = len(options) - MAX_CHOICES
    return f"be {listed(options)}" if more <= 0 else f"be one of: {', '.join(options[:MAX_CHOICES])} and {more:,} more"


def _in_range(kind: Kind, around: Bounds) -> str:
    """The whole range, whichever end refused: whoever learns of one end only meets the other next."""
    low, high = around.get("minimum"), around.get("maximum")
    above, below = around.get("exclusiveMinimum"), around.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"be from {low:,} to {high:,}"
    least = f"at least {low:,}" if low is not None else f"more than {above:,}" if above is not None else ""
    most = f"at most {high:,}" if high is not None else f"less than {below:,}" if below is not None else ""
    return f"be {' and '.join(filter(None, (least, most)))}"


def _of_any(kind: Kind, around: Bounds) -> str:
    """Alternatives none of which has the value's type."""
    firsts = [min(each, key=order) for each in kind["context"] if each]
    types = [name for each in firsts for name in each.kind.as_dict().get("types", ())]
    return (
        _of_type({"types": list(dict.fromkeys(types))}, around) if types else "have exactly one of the expected forms"
    )


EXPECTED: Mapping[str, Callable[[Kind, Bounds], str]] = {
    "type": _of_type,
    "enum": _one_of,
    "const": lambda kind, around: f"be {shown(kind['expected_value'], quoted=False)}",
    "minimum": _in_range,
    "maximum": _in_range,
    "exclusiveMinimum": _in_range,
    "exclusiveMaximum": _in_range,
    "multipleOf": lambda kind, around: f"be a multiple of {kind['multiple_of']:,}",
    "anyOf": _of_any,
    "oneOf": _of_any,
    "uniqueItems": lambda kind, around: "not hold the same item twice",
    "contains": lambda kind, around: "hold an item of the expected form",
    "not": lambda kind, around: "be something else",
    "propertyNames": lambda kind, around: "have keys of the expected form",
}


def shown(value: Any, quoted: bool = True) -> str:
    """Returns a value as a message shows it: text in one line and shortened, lists and objects by their kind."""
    if isinstance(value, str):
        text = " ".join(value[: 4 * MAX_SHOWN].split())
        text = text if len(text) <= MAX_SHOWN and len(value) <= 4 * MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
        return f'"{text}"' if quoted else text
    if isinstance(value, (dict, list)):
        return TYPES["object" if isinstance(value, dict) else "array"]
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    text = f"{value:,}" if isinstance(value, int) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def listed(words: Sequence[str]) -> str:
    """Returns `a, b or c`."""
    return " or ".join((*([", ".join(words[:-1])] if words[:-1] else []), words[-1]))
