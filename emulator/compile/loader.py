"""Loading: scenario names or paths → a playbook, or every diagnostic at once and nothing half loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path

from emulator.compile.answers import compile_answer, idle_pattern
from emulator.compile.api import ApiCompiler
from emulator.compile.documented_only import documented_only
from emulator.compile.expectations import KnownNames, compile_all, list_rules
from emulator.compile.finder import ScenarioFinder, ScenarioSource
from emulator.compile.fixtures import Fixtures
from emulator.compile.lint import route_conflicts
from emulator.compile.names import unknown_names
from emulator.compile.operation import ScenarioRule, answers, names_of, patterns
from emulator.compile.overrides import Overrides
from emulator.compile.templates import Compiler
from emulator.errors import Diagnostic, DocumentError
from emulator.faults.targets import out_of_reach, spots, unknown_name
from emulator.generate.answers import CannedAnswer, CannedAnswers
from emulator.language.document.diagnostics import Diagnostics, did_you_mean
from emulator.language.document.durations import LatencyDistribution, parse_latency
from emulator.language.document.reader import SUFFIXES, Document, read
from emulator.language.expressions import Language
from emulator.language.schema.scenario import ApiFile, ScenarioFile
from emulator.language.schema.validate import Partial, validate_partly
from emulator.playbook import model as plan
from emulator.playbook.apis import Api as ApiPlan
from emulator.playbook.apis import Playbook
from emulator.playbook.expectations import Expectation
from emulator.playbook.provenance import unknown_claims
from emulator.playbook.routes import Route, Router


class Loader:
    """Compiles scenarios of `folder` (its `apis/` holds the APIs) or at paths of their own; a loader loads once.

    `fixtures` is the folder of the data that they name. What was read stays: `rules` of scenarios, their `changes` by
    API, and the `documents` of scenarios and APIs. `checked` are the digests of files that were checked before:
    the operations of such an API are compiled when they are first used, and so are the patterns of canned replies.
    """

    def __init__(self, folder: Path, fixtures: Path, language: Language, checked: Collection[str] = ()) -> None:
        self.checked = checked
        self.deferred: list[str] = []
        self.folder = folder
        self.fixtures = Fixtures(fixtures, language, checked)
        self.language = language
        self.files: list[Path] = []
        self.rules: list[ScenarioRule] = []
        self.answers: list[CannedAnswer] = []
        self.changes: dict[str, Overrides] = {}
        self.documents: list[Document] = []
        self.partial: list[Partial] = []
        self.compilers: dict[str, ApiCompiler] = {}
        self.diagnostics = Diagnostics()

    def load(self, names: Sequence[str], only_documented: bool = False) -> Playbook:
        """Compiles the playbook of some scenarios, the first named taking precedence over the others.

        With `only_documented`, operations that no document promises refuse their requests. Raises DocumentError with
        every diagnostic.
        """
        playbook = self.load_partly(names)
        self.diagnostics.raise_any()
        return documented_only(playbook) if only_documented else playbook

    def load_partly(self, names: Sequence[str]) -> Playbook:
        """Compiles what can be made of these scenarios, to be served only if `diagnostics` has found nothing."""
        finder = ScenarioFinder(self.folder, self.diagnostics)
        sources = finder.sources(names)
        self.partial = finder.partial
        rules = self.rules = [entry for source in sources for entry in self._rules(source)]
        self.documents += [source.document for source in sources if not source.is_api]
        canned = self.answers = [answer for source in sources for answer in self._answers(source)]
        apis = self._apis(sources, rules, CannedAnswers(canned))
        latency = self._latency(sources)
        router = self._router(apis.values())
        for entry in rules:
            self._refuse_idle(entry, apis)
            self._refuse_idle_faults(entry, apis)
            self._refuse_unknown_names(entry, apis)
            self._refuse_idle_answer(entry, apis)
        for source in sources if apis else ():
            self._refuse_idle_patterns(source, apis)
        scenarios = [source.document for source in sources if not source.is_api]
        self.diagnostics.found.extend(unknown_names(apis.values(), rules, scenarios, self.language, self.deferred))
        self._refuse_unknown_claims(sources, apis)
        self.diagnostics.found = self._caused_otherwise(self.diagnostics.found)
        files = (*finder.files, *self.files, *self.fixtures.files)
        listed = None if self.diagnostics.found else list_rules(rules, canned, apis)
        known = KnownNames(self.language, apis, listed)
        expectations = [each for source in sources for each in self._expectations(source, known)]
        self.diagnostics.found = self._caused_otherwise(self.diagnostics.found)
        return Playbook(
            apis,
            router,
            latency,
            tuple(source.file.scenario for source in sources),
            tuple(dict.fromkeys(files)),
            tuple(listed or ()),
            tuple(expectations),
        )

    def _expectations(self, source: ScenarioSource, known: KnownNames) -> Iterable[Expectation]:
        return () if not known.apis else compile_all(source.file.expect, source.document, known, self.diagnostics)

    def _caused_otherwise(self, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Those diagnostics that do not only follow from what was left out of files that are partly wrong."""
        wrong = {each for part in self.partial for each in part.wrong}
        lacking = {place for part in self.partial for place in part.lacking}
        names = {repr(name) for part in self.partial for name in part.names}

        def follows(each: Diagnostic) -> bool:
            unknown = each.message.startswith(("unknown ", "no ", "this scenario serves no API"))
            return each.place in lacking or (unknown and any(name in each.message for name in names))

        return [each for each in found if each in wrong or not follows(each)] if wrong else list(found)

    def _rules(self, source: ScenarioSource) -> list[ScenarioRule]:
        compiler = Compiler(source.document, self.language, self.diagnostics)
        return [ScenarioRule(rule, ("rules", at), compiler) for at, rule in enumerate(source.file.rules)]

    def _answers(self, source: ScenarioSource) -> Iterator[CannedAnswer]:
        place_of = source.document.place
        for at, entry in enumerate(source.file.answers):
            with self.diagnostics.catching():
                yield compile_answer(entry, self.language, place_of, ("answers", at))

    def _apis(
        self, sources: Sequence[ScenarioSource], rules: Sequence[ScenarioRule], canned: CannedAnswers
    ) -> dict[str, ApiPlan]:
        changes = self.changes
        named: dict[str, list[ScenarioSource]] = {}
        for source in reversed(sources):
            for name, override in source.file.apis.items():
                changes.setdefault(name, Overrides(name)).lay(override, source.document)
                named.setdefault(name, []).append(source)
        if sources and not changes and not self.diagnostics.found:
            document = sources[0].document
            self.diagnostics.add(document.place(()), "this scenario serves no API; add `extends: default` or `apis:`")
        found = {
            name: self.diagnostics.attempt(self._api, changes[name], named[name], rules, canned) for name in changes
        }
        return {name: api for name, api in found.items() if api is not None}

    def _api(
        self,
        changes: Overrides,
        sources: Sequence[ScenarioSource],
        rules: Sequence[ScenarioRule],
        canned: CannedAnswers,
    ) -> ApiPlan:
        name = changes.api
        folders = [self.folder / "apis"]
        folders += [folder for source in sources for folder in (source.path.parent, source.path.parent / "apis")]
        candidates = [source.path for source in sources if source.is_api]
        candidates += [folder / f"{name}{suffix}" for folder in folders for suffix in SUFFIXES]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            known = sorted(file.stem for folder in folders[:1] + folders[2::2] for file in folder.glob("*.y*ml"))
            place = sources[-1].document.place(("apis", name), key=True)
            raise DocumentError([Diagnostic(place, f"no API {name!r}; {did_you_mean(name, dict.fromkeys(known))}")])
        self.files += [path.resolve(), path.absolute()]
        document = read(path, self.diagnostics.found)
        part = validate_partly(document, ApiFile)
        self.partial.append(part)
        self.diagnostics.found.extend(part.wrong)
        document, file = part.document, part.file
        self.documents.append(document)
        if file.api != name:
            text = f"this file is {path.name}, but the API is called {file.api!r}; expected {name!r}"
            raise DocumentError([Diagnostic(document.place(("api",)), text)])
        compiler = Compiler(document, self.language, self.diagnostics)
        checked = document.digest in self.checked
        self.deferred += [name] if checked else []
        made = self.compilers[name] = ApiCompiler(file, compiler, changes, self.fixtures, checked)
        return made.compile(rules, canned)

    def _latency(self, sources: Sequence[ScenarioSource]) -> plan.LatencyPlan:
        found: dict[str, LatencyDistribution] = {}
        for source in sources:
            for name in ("reply", "first_token", "token") if source.file.latency else ():
                value = getattr(source.file.latency, name)
                if value is not None and name not in found:
                    with self.diagnostics.catching():
                        found[name] = parse_latency(value, source.document.place(("latency", name)))
        return plan.LatencyPlan(**found)

    def _router(self, apis: Collection[ApiPlan]) -> Router:
        routes = [route for api in apis for route in routes_of(api)]
        wrong = route_conflicts(routes)
        self.diagnostics.found.extend(wrong)
        hosts: dict[str, str] = {}
        for api in apis:
            for at, host in enumerate(api.file.hosts):
                if hosts.setdefault(host.lower(), api.name) != api.name:
                    place = api.document.place(("hosts", at))
                    self.diagnostics.add(place, f"{host} is already a host of {hosts[host.lower()]}")
        return Router([] if wrong else routes, hosts, {api.name: api.file.base for api in apis})

    def _refuse_idle(self, entry: ScenarioRule, apis: dict[str, ApiPlan]) -> None:
        """Reports each name in `on` that no operation has; and of a rule that is for none at all, and was therefore not
        compiled, what is wrong in it whichever API it is meant for."""
        operations = [(api.name, name) for api in apis.values() for name in api.operations]
        for pattern, path in entry.patterns():
            if operations and not any(entry.fits(pattern, api, name) for api, name in operations):
                hint = _other_pattern(entry, pattern, operations)
                self.diagnostics.add(entry.compiler.place(path), f"no operation is called {pattern!r}; {hint}")
        if operations and not any(entry.concerns(api, name) for api, name in operations):
            tried = [made.try_rule(entry) for name, made in self.compilers.items() if name in apis]
            self.diagnostics.found.extend(each for each in tried[0] if all(each in wrong for wrong in tried))

    def _refuse_idle_patterns(self, source: ScenarioSource, apis: dict[str, ApiPlan]) -> None:
        """Reports each name in the `on` of an answer for which no operation with generated text goes."""
        for at, entry in enumerate(source.file.answers):
            for pattern, path in patterns(entry.on, ("answers", at, "on")):
                wrong = idle_pattern(pattern, apis.values())
                if wrong is not None:
                    self.diagnostics.add(source.document.place(path), wrong)

    def _refuse_idle_answer(self, entry: ScenarioRule, apis: dict[str, ApiPlan]) -> None:
        """Reports an answer when no operation that `on` names says anything that is generated."""
        operations = [(api.name, name, part) for api in apis.values() for name, part in api.file.operations.items()]
        concerned = [part for api, name, part in operations if entry.concerns(api, name)]
        if answers(entry.rule) and concerned and all(part.answer is None for part in concerned):
            known = [name for _, name, part in operations if part.answer]
            text = f"nothing that is generated is said there; `answer` is for: {', '.join(dict.fromkeys(known))}"
            self.diagnostics.add(entry.compiler.place((*entry.path, "reply")), text)

    def _refuse_idle_faults(self, entry: ScenarioRule, apis: dict[str, ApiPlan]) -> None:
        """Reports each fault on answers, jobs, webhooks or tokens when no operation that `on` names sets any off, and
        each that names an error or a state that none of the operations has."""
        everywhere = spots(apis.values()) if entry.rule.fault else []
        where = [(api, each) for api, each in everywhere if entry.concerns(api.name, each.name)]
        if not where:
            return
        rule = entry.compiler.place(entry.path)
        (faults,) = [each.faults for each in where[0][1].rules.rules if each.place == rule]
        for each in faults:
            idle = None if entry.rule.on is None else out_of_reach(each.fault, where, everywhere)
            wrong = idle or unknown_name(each.fault, where)
            if wrong is not None:
                self.diagnostics.add(each.place, wrong)

    def _refuse_unknown_names(self, entry: ScenarioRule, apis: dict[str, ApiPlan]) -> None:
        """Reports what `when` speaks of if none of the operations knows it that the rule is for."""
        known = [
            names_of(api.file, part)
            for api in apis.values()
            for name, part in api.file.operations.items()
            if entry.concerns(api.name, name)
        ]
        if known:
            names = reduce(or_, known)
            self.diagnostics.found.extend(entry.compiler.when.unknown(entry.rule.when, (*entry.path, "when"), names))

    def _refuse_unknown_claims(self, sources: Sequence[ScenarioSource], apis: dict[str, ApiPlan]) -> None:
        claims = {id: claim for api in apis.values() for id, claim in api.claims.items()}
        for source in sources if apis else ():
            self.diagnostics.found.extend(unknown_claims(source.document, claims, ScenarioFile))


def _other_pattern(entry: ScenarioRule, pattern: str, operations: Sequence[tuple[str, str]]) -> str:
    """What may have been meant by an `on` that names no operation."""
    apis = dict.fromkeys(api for api, _ in operations)
    owner, slash, name = pattern.partition("/")
    if slash and owner not in apis:
        dotted = pattern.replace("/", ".")
        if any(entry.fits(dotted, *operation) for operation in operations):
            return f"did you mean {dotted!r}? A '/' stands after the name of an API, as in {next(iter(apis))}/*"
        return f"no API {owner!r}; {did_you_mean(owner, apis)}"
    if "*" in name or "*" in owner:
        prefix = f"{owner}/" if slash else ""
        groups = dict.fromkeys(
            f"{prefix}{each.partition('.')[0]}.*" for api, each in operations if api == owner or not slash
        )
        return did_you_mean(pattern, groups)
    names = sorted(f"{api}/{name}" if slash else name for api, name in operations if not slash or api == owner)
    return did_you_mean(pattern, dict.fromkeys(names))


def routes_of(api: ApiPlan) -> list[Route]:
    """Every route of an API, aliases included."""
    routes = []
    for name, part in api.file.operations.items():
        path: tuple[str | int, ...] = ("operations", name)
        own = (part.route, part.host, (*path, "route"))
        aliases = [
            (alias.route, alias.host or part.host, (*path, "aliases", at, "route"))
            for at, alias in enumerate(part.aliases)
        ]
        for route, host, where in [own, *aliases]:
            method, _, tail = route.partition(" ")
            place = api.document.place(where)
            routes.append(Route(method, api.file.base + tail, api.name, name, host, place, part.shared and part.auth))
    return routes
