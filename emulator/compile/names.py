"""Root names: what every expression begins with is a name that its place can have, or is reported at load."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from emulator.compile.operation import ScenarioRule
from emulator.compile.when import REQUEST_NAMES
from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document
from emulator.language.expressions import Language
from emulator.language.schema.scenario import ApiFile, OperationModel, RuleModel
from emulator.playbook.apis import Api

Path = tuple[str | int, ...]
NameList = tuple[str, ...]
KnownNames = dict[str, None]  # names, in the order in which a diagnostic lists them
RULE_PARTS = ("let", "do", "reply", "replies")
OPERATION_PARTS = ("let", "checks", "cost", "settle", "usage", "headers")
KIND_PARTS = ("status", "type", "message", "headers", "body")
# Parts of an API beside its operations, and the names that only they have.
API_PARTS: Mapping[str, NameList] = {
    "headers": ("error",),
    "limit_headers": ("error",),
    "cost": (),
    "refused": (),
    "answers": (),
    "jobs": ("job", "row", "item", "index"),
    "unknown_keys": ("key",),
}


class NameChecker(Struct, frozen=True):
    """Looks at the templates of one document."""

    language: Language
    place_of: Callable[[Path], Location]

    def unknown(self, tree: Any, path: Path, names: Iterable[str]) -> list[Diagnostic]:
        """What the expressions in the tree at this path begin with that is not among the names.

        An `$each` adds its own names to what stands in it. What can't be understood is not reported here.
        """
        found: list[Diagnostic] = []
        self._look(tree, path, dict.fromkeys(names), found)
        return found

    def unknown_in(self, part: Any, parts: Iterable[str], path: Path, names: Iterable[str]) -> list[Diagnostic]:
        """The same for some parts of a mapping."""
        found: list[Diagnostic] = []
        known = dict.fromkeys(names)
        for each in parts if isinstance(part, dict) else ():
            self._look(part.get(each), (*path, each), known, found)
        return found

    def unknown_in_rule(self, rule: Any, path: Path, names: Sequence[str], own: Iterable[str]) -> list[Diagnostic]:
        """The same for a rule, whose own names come too late for its `when`."""
        return self.unknown_in(rule, ("when",), path, names) + self.unknown_in(rule, RULE_PARTS, path, (*names, *own))

    def _look(self, tree: Any, path: Path, names: KnownNames, found: list[Diagnostic]) -> None:
        if isinstance(tree, str):
            if "{{" in tree or "{%" in tree:
                self._text(tree, path, names, found)
        elif isinstance(tree, list):
            for at, each in enumerate(tree):
                if isinstance(each, (str, list, dict)):
                    self._look(each, (*path, at), names, found)
        elif isinstance(tree, dict) and "$literal" not in tree:
            inner = {**names, str(tree.get("as", "item")): None, "index": None} if "$each" in tree else names
            for key, each in tree.items():
                if isinstance(key, str) and "{" in key:
                    self._look(key, path, names, found)
                if isinstance(each, (str, list, dict)):
                    self._look(each, (*path, key), names if key == "$each" else inner, found)

    def _text(self, text: str, path: Path, names: KnownNames, found: list[Diagnostic]) -> None:
        try:
            names_used = self.language.scalar(text, partial(self.place_of, path)).names
        except DocumentError:
            return
        for root in sorted(names_used.difference(names)):
            found.append(Diagnostic(self.place_of(path), f"unknown name {root!r}; {did_you_mean(root, names)}"))


def unknown_names(
    apis: Iterable[Api],
    rules: Iterable[ScenarioRule],
    scenarios: Iterable[Document],
    language: Language,
    checked: Collection[str] = (),
) -> Iterator[Diagnostic]:
    """Reports them in the APIs, in what scenarios change of these, and in the rules of scenarios, which may be for
    several APIs. `checked` are the APIs whose operations were checked before; what scenarios add are more names."""
    scenarios = list(scenarios)
    rules, files = list(rules), [(api, api.file) for api in apis]
    for api, file in files:
        concerned = [each for each in rules if _concerned(each, file)]
        yield from _of_api(api, file, concerned, scenarios, language)
        if api.name not in checked:
            yield from _of_operations(api, file, concerned, language)
    for each in rules:
        known = [name for _, file in files for part in _concerned(each, file) for name in _names_of(file, part)]
        rule = each.compiler.document.data["rules"][each.path[-1]]
        if known:
            checker = NameChecker(language, each.compiler.place)
            yield from checker.unknown_in_rule(rule, each.path, tuple(dict.fromkeys(known)), _own(each.rule))


def _of_api(
    api: Api, file: ApiFile, rules: Iterable[ScenarioRule], scenarios: Iterable[Document], language: Language
) -> Iterator[Diagnostic]:
    data, checker = api.document.data, NameChecker(language, api.document.place)
    shared = [name for part in file.operations.values() for name in (*_names_of(file, part), *_all_of(part))]
    shared += [name for each in rules for name in _own(each.rule)]
    shared += [step.bind for kind in file.jobs.values() for step in kind.do if step.bind is not None]
    names = tuple(dict.fromkeys(shared))
    for key, more in API_PARTS.items():
        yield from checker.unknown(data.get(key), (key,), (*names, *more))
    yield from _in_errors(data.get("errors"), checker, ("errors",), (*names, "error"))
    for document in scenarios:
        change = (document.data.get("apis") or {}).get(file.api) or {}
        path: Path = ("apis", file.api)
        changed = NameChecker(language, document.place)
        yield from changed.unknown_in(change, ("limit_headers",), path, (*names, "error"))
        yield from _in_errors(change.get("errors"), changed, (*path, "errors"), (*names, "error"))


def _of_operations(api: Api, file: ApiFile, rules: Sequence[ScenarioRule], language: Language) -> Iterator[Diagnostic]:
    data, checker = api.document.data, NameChecker(language, api.document.place)
    for name, part in file.operations.items():
        path: Path = ("operations", name)
        own = data["operations"][name]
        added = [mine for each in rules if each.concerns(file.api, name) for mine in _own(each.rule)]
        wide = (*_names_of(file, part), *_all_of(part), *added, "error")
        yield from checker.unknown_in(own, OPERATION_PARTS, path, wide)
        for at, rule in enumerate(part.rules):
            where = (*path, "rules", at)
            yield from checker.unknown_in_rule(own["rules"][at], where, _names_of(file, part), _own(rule))


def _in_errors(errors: Any, checker: NameChecker, path: Path, names: NameList) -> Iterator[Diagnostic]:
    """Those in the `errors` of an API, or of a scenario that changes them."""
    if errors:
        yield from checker.unknown_in(errors, ("shape", "headers"), path, names)
        for kind, said in errors.get("kinds", {}).items():
            yield from checker.unknown_in(said, KIND_PARTS, (*path, "kinds", kind), names)


def _concerned(rule: ScenarioRule, file: ApiFile) -> list[OperationModel]:
    return [part for name, part in file.operations.items() if rule.concerns(file.api, name)]


def _names_of(file: ApiFile, part: OperationModel) -> NameList:
    return (*REQUEST_NAMES, "keys", *file.collections, *part.let)


def _all_of(part: OperationModel) -> list[str]:
    return [name for rule in part.rules for name in _own(rule)]


def _own(rule: RuleModel) -> list[str]:
    """What a rule names itself: by `let`, by the `as` of its steps, and of its events."""
    streams = [reply.stream for reply in rule.each_reply if reply.stream is not None]
    events = [each.bind for stream in streams for each in stream.events if each.each is not None]
    return [*rule.let, *(step.bind for step in rule.do if step.bind is not None), *events]
