"""Security: where credentials stand, and which an operation asks for."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from emulator.importer.examples import literal, quoted
from emulator.importer.part import Part
from emulator.importer.sources import Sources
from emulator.language.document.diagnostics import did_you_mean

AUTHORIZATION = "Authorization"
BASIC_KEY = "dGVzdDp0ZXN0"  # test:test


class Credential(Struct, frozen=True):
    """One place for a credential: a header, perhaps after a scheme, a parameter of the query, or a cookie."""

    kind: str
    name: str
    scheme: str | None = None

    @property
    def auth(self) -> dict[str, Any]:
        """Returns it as an entry of `auth`; only a header can be one."""
        return {"header": self.name, **({"scheme": self.scheme} if self.scheme else {}), "class": "documented"}

    @property
    def present(self) -> str:
        """Returns the expression that says whether a request has it."""
        if self.kind == "cookie":
            return f"""{quoted(f";{self.name}=")} in (";" ~ (header.cookie | default("") | replace("; ", ";")))"""
        return f"header[{quoted(self.name.lower())}]" if self.kind == "header" else f"query[{quoted(self.name)}]"

    @property
    def said(self) -> str:
        """Returns it in words."""
        what = {"header": "the header", "query": "the query parameter", "cookie": "the cookie"}[self.kind]
        return f"{what} {self.name}"


class Required(Struct, frozen=True):
    """What an operation asks for: a key of the API, checks of other credentials, and those of the query."""

    auth: bool = False
    checks: tuple[dict[str, Any], ...] = ()
    query: tuple[str, ...] = ()


Alternative = tuple[Credential, ...]


class Security:
    """Reads the security schemes once; `used` are the credentials in headers that operations ask for."""

    def __init__(self, root: Part, sources: Sources) -> None:
        self._root = root
        components = root.get("components")
        schemes = {} if components is None else components.entries("securitySchemes")
        self._schemes = {name: sources.resolve(part) for name, part in schemes.items()}
        self._alternatives: dict[frozenset[Credential], None] = {}
        self.used: dict[Credential, None] = {}

    def required(self, operation: Part) -> Required:
        """Returns what an operation asks for."""
        whose = operation if operation.get("security") is not None else self._root
        listed = [self._alternative(each) for each in whose.items("security")]
        alternatives = [each for each in listed if each is not None]
        if not listed or () in alternatives:
            if len(listed) > 1:
                operation.note("credentials are optional here, and are not looked at")
            return Required()
        if not alternatives:
            return Required()
        firsts = [each[0] for each in alternatives]
        if any(each.kind != "header" for each in firsts):
            return self._by_checks(alternatives)
        self._remember(operation, alternatives)
        more = alternatives[0][1:] if len(alternatives) == 1 else ()
        checks = tuple(_check(each.present, each.said) for each in more)
        return Required(True, checks, tuple(each.name for each in more if each.kind == "query"))

    def _remember(self, operation: Part, alternatives: list[Alternative]) -> None:
        self.used.update(dict.fromkeys(each[0] for each in alternatives))
        self._alternatives[frozenset(each[0] for each in alternatives)] = None
        if len(self._alternatives) > 1:
            operation.note("operations ask for different credentials; each takes all of them here")
        if len(alternatives) > 1 and any(len(each) > 1 for each in alternatives):
            operation.note("of several credentials that are asked for together, only the first is looked at here")

    def _by_checks(self, alternatives: list[Alternative]) -> Required:
        """Returns checks of the operation's own: keys of an API stand in headers only."""
        distinct = dict.fromkeys(alternatives)
        least = [each for each in distinct if not any(set(other) < set(each) for other in distinct)]
        present = " or ".join(" and ".join(each.present for each in alternative) for alternative in least)
        said = " or ".join(" and ".join(each.said for each in alternative) for alternative in least)
        names = [each.name for alternative in alternatives for each in alternative if each.kind == "query"]
        return Required(False, (_check(present, said),), tuple(dict.fromkeys(names)))

    def _alternative(self, part: Part) -> Alternative | None:
        """Returns the credentials of one alternative, those in headers first; None if none can be expressed."""
        found: list[Credential] = []
        for name, each in part.mapping().items():
            if name not in self._schemes:
                each.problem(f"unknown security scheme {name!r}; {did_you_mean(name, self._schemes)}")
                return None
            scheme = self._schemes[name]
            credential = None if scheme is None else _credential(scheme)
            found += [] if credential is None else [credential]
        return tuple(sorted(found, key=lambda each: each.kind != "header")) if found or not part.value else None


def _credential(scheme: Part) -> Credential | None:
    """Returns where the credential of a scheme stands; None when nothing here can look at it, which is noted."""
    kind = scheme.text("type")
    if kind == "apiKey" and scheme.text("in") in ("header", "query", "cookie"):
        if scheme.text("name"):
            return Credential(scheme.text("in"), scheme.text("name"))
        scheme.problem("expected the `name` of the header, the query parameter or the cookie")
        return None
    if kind == "http":
        word = scheme.text("scheme").capitalize()
        if word not in ("Basic", "Bearer"):
            scheme.note(f"of the HTTP scheme {word}, only the word is looked at")
        return Credential("header", AUTHORIZATION, word)
    if kind in ("oauth2", "openIdConnect"):
        scheme.note("tokens are not issued here; any is accepted after `Authorization: Bearer`")
        return Credential("header", AUTHORIZATION, "Bearer")
    if kind == "mutualTLS":
        scheme.note("client certificates are not asked for here")
    else:
        scheme.problem("expected a security scheme of type apiKey (in header, query or cookie), http, oauth2, …")
    return None


def _check(present: str, said: str) -> dict[str, Any]:
    message = f"no credential was sent; expected {said}"
    return {"when": f"{{{{ not ({present}) }}}}", "error": "unauthenticated", "message": literal(message)}
