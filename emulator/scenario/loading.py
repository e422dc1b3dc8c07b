"""Loading: scenario names or paths → a playbook, or every complaint at once and nothing half loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emulator.errors import Complaint, DocumentError, Place
from emulator.scenario import plans as plan
from emulator.scenario.compile.api import ApiCompiler, Tables
from emulator.scenario.compile.compiler import Compiler
from emulator.scenario.compile.complaints import Complaints
from emulator.scenario.compile.operation import ScenarioRule
from emulator.scenario.document import Document, read
from emulator.scenario.duration import Latency, parse_latency
from emulator.scenario.expression import Language
from emulator.scenario.model import ApiFile, Override, ScenarioFile
from emulator.scenario.playbook import Api as ApiPlan
from emulator.scenario.playbook import Playbook
from emulator.scenario.routes import Route, Router
from emulator.scenario.suggest import did_you_mean
from emulator.scenario.validate import validate

SUFFIXES = (".yaml", ".yml")


@dataclass(slots=True)
class _Story:
    """A scenario file, checked, with those it extends after it."""

    path: Path
    document: Document
    file: ScenarioFile


@dataclass(slots=True)
class Loader:
    """Reads scenarios from `folder` (its `apis/` holds the APIs) or from paths of their own."""

    folder: Path
    tables: Tables
    language: Language
    files: list[Path] = field(default_factory=list)
    complaints: Complaints = field(default_factory=Complaints)

    def load(self, names: Sequence[str]) -> Playbook:
        """Raises DocumentError with all complaints."""
        stories: list[_Story] = []
        for name in names:
            with self.complaints.catching():
                self._follow(self.find(name), stories, ())
        self.complaints.raise_any()
        rules = [entry for story in stories for entry in self._rules(story)]
        apis = self._apis(stories, rules)
        self.complaints.raise_any()
        latency = self._latency(stories)
        router = Router(routes_of(apis.values()), {host: api.name for api in apis.values() for host in api.file.hosts})
        self._refuse_idle_rules(apis, rules)
        self.complaints.raise_any()
        return Playbook(apis, router, latency, tuple(story.file.scenario for story in stories), tuple(self.files))

    def find(self, name: str) -> Path:
        """The file of a scenario: a path, or a name in the folder."""
        path = Path(name)
        if path.suffix in SUFFIXES:
            if path.is_file():
                return path
            raise DocumentError([Complaint(Place(name, 1, 1), "no such file")])
        for suffix in SUFFIXES:
            candidate = self.folder / f"{name}{suffix}"
            if path.name == name and candidate.is_file():
                return candidate
        known = sorted(file.stem for file in self.folder.glob("*.y*ml"))
        raise DocumentError([Complaint(Place(name, 1, 1), f"no scenario {name!r}; {did_you_mean(name, known)}")])

    def _follow(self, path: Path, stories: list[_Story], chain: tuple[Path, ...]) -> None:
        path = path.resolve()
        if path in chain:
            raise DocumentError(
                [Complaint(Place(str(path), 1, 1), "a scenario can't extend itself, not even through others")]
            )
        if any(story.path == path for story in stories):
            return
        self.files.append(path)
        document = read(path)
        file = validate(document, ScenarioFile)
        stories.append(_Story(path, document, file))
        if file.extends is not None:
            with self.complaints.catching():
                beside = path.parent / file.extends
                found = (
                    beside if beside.suffix in SUFFIXES and beside.is_file() else self._extended(file.extends, document)
                )
                self._follow(found, stories, (*chain, path))

    def _extended(self, name: str, document: Document) -> Path:
        try:
            return self.find(name)
        except DocumentError as error:
            raise DocumentError([Complaint(document.place(("extends",)), error.complaints[0].message)]) from error

    def _compiler(self, document: Document) -> Compiler:
        return Compiler(document, self.language, self.complaints)

    def _rules(self, story: _Story) -> list[ScenarioRule]:
        compiler = self._compiler(story.document)
        return [ScenarioRule(rule, ("rules", at), compiler) for at, rule in enumerate(story.file.rules)]

    def _apis(self, stories: Sequence[_Story], rules: Sequence[ScenarioRule]) -> dict[str, ApiPlan]:
        overrides: dict[str, Override] = {}
        places: dict[str, Place] = {}
        for story in reversed(stories):
            for name, override in story.file.apis.items():
                overrides[name] = merged(overrides.get(name, Override()), override or Override())
                places.setdefault(name, story.document.place(("apis", name), key=True))
        apis: dict[str, ApiPlan] = {}
        for name, override in overrides.items():
            with self.complaints.catching():
                apis[name] = self._api(name, override, places[name], rules)
        if not overrides:
            document = stories[0].document
            self.complaints.add(document.place(()), "this scenario serves no API; add `extends: default` or `apis:`")
        return apis

    def _api(self, name: str, override: Override, place: Place, rules: Sequence[ScenarioRule]) -> ApiPlan:
        beside = Path(place.file).parent
        folders = [self.folder / "apis", beside, beside / "apis"]
        path = next((folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file()), None)
        if path is None:
            known = sorted(file.stem for file in (self.folder / "apis").glob("*.yaml"))
            raise DocumentError([Complaint(place, f"no API {name!r}; {did_you_mean(name, known)}")])
        self.files.append(path.resolve())
        document = read(path)
        file = validate(document, ApiFile)
        return ApiCompiler(file, self._compiler(document), override, self.tables).compile(rules)

    def _latency(self, stories: Sequence[_Story]) -> plan.LatencyPlan:
        found: dict[str, Latency] = {}
        for story in stories:
            for name in ("reply", "first_token", "token") if story.file.latency else ():
                value = getattr(story.file.latency, name)
                if value is not None and name not in found:
                    with self.complaints.catching():
                        found[name] = parse_latency(value, story.document.place(("latency", name)))
        return plan.LatencyPlan(**found)

    def _refuse_idle_rules(self, apis: dict[str, ApiPlan], rules: Sequence[ScenarioRule]) -> None:
        used = {
            rule.id for api in apis.values() for operation in api.operations.values() for rule in operation.rules.rules
        }
        names = sorted({name for api in apis.values() for name in api.operations})
        for entry in rules:
            place = entry.compiler.place(entry.path)
            if str(place) not in used:
                wanted = entry.rule.on if isinstance(entry.rule.on, str) else ", ".join(entry.rule.on or [])
                where = entry.compiler.place((*entry.path, "on"))
                self.complaints.add(where, f"no operation is called {wanted!r}; {did_you_mean(wanted, names)}")


def merged(below: Override, above: Override) -> Override:
    """One scenario's changes laid over another's."""
    changes: dict[str, object] = {}
    for name in above.model_fields_set:
        value, under = getattr(above, name), getattr(below, name)
        changes[name] = {**under, **value} if isinstance(value, dict) else value
    return below.model_copy(update=changes)


def routes_of(apis: Iterable[ApiPlan]) -> list[Route]:
    """Every route of the APIs, aliases included."""
    routes = []
    for api in apis:
        for name, part in api.file.operations.items():
            place = api.document.place(("operations", name, "route"))
            for route, host in [
                (part.route, part.host),
                *((alias.route, alias.host or part.host) for alias in part.aliases),
            ]:
                method, _, path = route.partition(" ")
                routes.append(Route(method, api.file.base + path, api.name, name, host, place))
    return routes


def load(names: Sequence[str], folder: Path, tables: Tables, language: Language) -> Playbook:
    """The playbook of some scenarios, the first named standing before the others. Raises DocumentError."""
    return Loader(folder, tables, language).load(names)
