"""Python functions in the making, in one of two modes.

FAST code subscripts directly and checks next to nothing: if a value is missing where one is needed, or anything else
goes wrong, it raises. CHECKED code does the same through helpers that know what each part is called, and keeps track
of where it is, so that its errors name what is missing and its location. A generated function runs FAST code. On any
exception but the emulator's own it generates CHECKED code, once, and runs that instead. Both give the same value
wherever FAST code gives one. FAST code expects a context to have every name, if only as MISSING: see LenientContext.
"""

from __future__ import annotations

import builtins
import warnings
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from types import CodeType, MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from emulator.errors import EmulatorError
from emulator.language.expressions import runtime
from emulator.language.expressions.json import encode, encode_whole, failure
from emulator.language.expressions.meter import Meter, over
from emulator.language.expressions.runtime import Locate, lookup

Evaluate = Callable[[Mapping[str, Any]], Any]
Write = Callable[["Writer"], str]

_NO_LETS: Final[Mapping[str, Write]] = MappingProxyType({})
MAX_DEPTH: Final = 40  # of brackets in one expression; Python's own parser gives up at 200
MAX_LOOPS: Final = 15  # within each other in one function; Python gives up at 20
_BUILTINS: Final[Mapping[str, Any]] = {
    **vars(builtins),
    **vars(runtime),
    "EmulatorError": EmulatorError,
    "deepcopy": deepcopy,
    "dumps": orjson.dumps,
    "Meter": Meter,
    "over": over,
    "encode": encode,
    "encode_whole": encode_whole,
    "failure": failure,
    "loads": orjson.loads,
}


class Code(NamedTuple):
    """A Python expression. A `constant` one has its `value` at load, a `present` one is never MISSING, a `text` one is
    always a str; `depth` is how far its brackets are nested."""

    source: str
    constant: bool = False
    value: Any = None
    present: bool = False
    text: bool = False
    depth: int = 0


def _compiled(source: str, mode: str) -> CodeType:
    """Compiles generated code. What Python warns of, such as `'x'[2.5]`, fails when it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(source, "<template>", mode)


class Writer:
    """One function in the making: its lines, the objects that they name, and the names that are local variables.

    `calls` tells whether it calls a function of the language. `lets` write the values of names that the context would
    compute when they are first asked for: FAST code computes them in place, each once, where it needs them anyway.
    """

    def __init__(self, checked: bool, lenient: bool = False, lets: Mapping[str, Write] = _NO_LETS) -> None:
        self.checked = checked
        self.lenient = lenient
        self.calls = False
        self.locals: dict[str, str] = {}
        self._lets = {} if checked else dict(lets)
        self._maybe = 0  # how deeply this is written in parts of an expression that may not be evaluated
        self._objects: dict[str, Any] = {}
        self._locations: list[tuple[Locate, str]] = []
        self._lines: list[str] = []
        self._indent = " "
        self._count = 0
        self._loops = 0
        self._meter = False

    def new(self) -> str:
        """A name for a local variable."""
        self._count += 1
        return f"v{self._count}"

    def bind(self, thing: Any) -> str:
        """The name by which the code can use an object."""
        name = f"o{id(thing)}"
        self._objects[name] = thing
        return name

    def line(self, text: str) -> None:
        """Adds a statement."""
        self._lines.append(self._indent + text)

    def assign(self, source: str) -> str:
        """A local variable that from here on holds the value of an expression."""
        name = self.new()
        self.line(f"{name} = {source}")
        return name

    def variable(self, source: str) -> str:
        """A variable with the value of an expression, which may have another use: nothing may be assigned to it."""
        return source if source.isidentifier() else self.assign(source)

    def at(self, locate: Locate, name: str) -> None:
        """Errors that are raised from here on have this location, and call what failed by this name."""
        if self.checked:
            self.line(f"at = {len(self._locations)}")
            self._locations.append((locate, name))

    @contextmanager
    def block(self, head: str, **names: str) -> Iterator[None]:
        """Whatever is written meanwhile stands below `head`, where these names are local variables."""
        self.line(head)
        names_before, indent_before = self.locals, self._indent
        self.locals, self._indent = {**names_before, **names}, indent_before + " "
        yield
        self.locals, self._indent = names_before, indent_before

    def metered(self, source: str) -> str:
        """The source of the items over which a loop goes; the turns of all loops inside others count together."""
        if self._loops <= 1 and not self._meter:
            return f"over({source})"
        self._meter = True
        return f"meter.over({source})"

    def keep(self, value: str) -> None:
        """In a loop, adds a statement that counts the size of a value that was computed."""
        if self._loops:
            self._meter = True
            self.line(f"meter.keep({value})")

    @contextmanager
    def measured(self) -> Iterator[None]:
        """What is written meanwhile has a meter of its own, if it needs one."""
        outer, at = self._meter, len(self._lines)
        self._meter = False
        yield
        if self._meter:
            self._lines.insert(at, f"{self._indent}meter = Meter()")
        self._meter = outer

    def forget(self, name: str) -> None:
        """From here on the name is looked up again: its value may be another one."""
        self.locals = {known: local for known, local in self.locals.items() if known != name}

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """What is written meanwhile is a part of an expression that may not be evaluated."""
        self._maybe += 1
        yield
        self._maybe -= 1

    def name(self, name: str) -> str:
        """The source of a name's value in FAST code, which keeps it in a local variable."""
        if name in self.locals:
            return self.locals[name]
        found = f"s[{name!r}]"
        if self._maybe:
            return found
        let = self._lets.pop(name, None)
        it = self.assign(found) if let is None else self._let(name, let)
        self.locals = {**self.locals, name: it}
        return it

    def _let(self, name: str, let: Write) -> str:
        it = self.new()
        with self.block(f"if {name!r} in s:"):
            self.line(f"{it} = s[{name!r}]")
        lenient, self.lenient = self.lenient, True  # it may be missing
        with self.block("else:"):
            self.line(f"{it} = s[{name!r}] = {let(self)}")
        self.lenient = lenient
        return it

    def loop(self, write: Write) -> str:
        """The source that `write` gives, which writes a loop. Python allows few loops within each other, so the last
        that may stand in a function stands in one of its own."""
        outer, self._loops = self._loops, (self._loops + 1) % MAX_LOOPS
        if self._loops:
            source = write(self)
        else:
            name = self.new()
            with self.block(f"def {name}():"):
                self.line("nonlocal at")
                self.line(f"return {write(self)}")
            source = self.assign(f"{name}()")
        self._loops = outer
        return source

    def function(self, result: str, checked: Evaluate | None = None) -> Evaluate:
        """The finished function. When it fails, `checked` does its work again; without it, TemplateError is raised."""
        handler = "raise"
        if checked:
            handler = "return checked(s)"
        elif self._locations:
            handler = "raise failure(error, *locations[at]) from error"
        tail = ("except EmulatorError:", " raise", "except Exception as error:", f" {handler}")
        head = ("at = 0", "meter = Meter()") if self._meter else ("at = 0",)
        source = "\n ".join(("def generated(s):", *head, "try:", *self._lines, f" return {result}", *tail))
        names = {**self._objects, "__builtins__": _BUILTINS, "checked": checked, "locations": self._locations}
        exec(_compiled(source, "exec"), names)
        function: Evaluate = names.pop("generated")  # or the function and its globals would hold each other
        return function

    def evaluate(self, code: Code) -> Any:
        """The value of an expression that looks nothing up."""
        return eval(_compiled(code.source, "eval"), {**self._objects, "__builtins__": _BUILTINS})

    def code(self, source: str, *parts: Code, present: bool = False, text: bool = False) -> Code:
        """An expression made of these parts. What is nested too deeply for Python becomes a function of its own."""
        depth = 2 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            name = self.new()
            self.line(f"def {name}(): return {source}")
            source, depth = f"{name}()", 1
        return Code(source, present=present, text=text, depth=depth)

    def constant(self, value: Any) -> Code:
        """A value that is known; one that could be changed is a fresh one each time."""
        source = _literal(value) or f"deepcopy({self.bind(value)})"
        return Code(source, True, value, present=True, text=value.__class__ is str)

    def path(self, name: str, keys: Sequence[str | int], step: Callable[[Any, Any], Any] = lookup) -> Code:
        """`name.key.key`, or MISSING; `step` finds a key in what is no dictionary."""
        found = Code(self.locals.get(name) or f"find(s, {name!r})") if self.checked else Code(self.name(name), depth=1)
        for key in keys:
            found = self.below(found, key, "lookup" if step is lookup else self.bind(step))
        return found

    def below(self, base: Code, key: str | int, step: str = "lookup") -> Code:
        """What stands under a key, or MISSING."""
        if self.checked:
            return self.code(f"{step}({base.source}, {key!r})", base)
        it, kept = self._kept(base.source)
        found = f"{it}.get({key!r}, MISSING) if {kept}.__class__ is dict else {step}({it}, {key!r})"
        return self.code(f"({found})", base)

    def needed(self, code: Code, name: str) -> Code:
        """The same, which must not be MISSING."""
        if code.present:
            return code
        if self.checked:
            return self.code(f"require({code.source}, {name!r})", code, present=True, text=code.text)
        it, kept = self._kept(code.source)
        return self.code(f"({it} if {kept} is not MISSING else miss())", code, present=True, text=code.text)

    def _kept(self, source: str) -> tuple[str, str]:
        """A variable with the value of an expression, and the expression that assigns it, which is evaluated first."""
        if source.isidentifier():
            return source, source
        it = self.new()
        return it, f"({it} := {source})"


def generate(write: Write, lets: Mapping[str, Write] = _NO_LETS) -> Evaluate:
    """The function of a context of which `write` writes the lines and gives the result; `lets` are as in Writer.

    The function keeps `write`. An object that keeps the function has a copy of itself write it: a cycle would keep the
    whole playbook of a server that has reloaded until the garbage collector came to look at it.
    """
    checked: Evaluate | None = None

    def again(context: Mapping[str, Any]) -> Any:
        nonlocal checked
        if checked is None:
            writer = Writer(checked=True)
            checked = writer.function(write(writer))
        return checked(context)

    writer = Writer(checked=False, lets=lets)
    result = write(writer)
    if writer.calls:
        writer = Writer(checked=False, lenient=True, lets=lets)
        result = write(writer)
    return writer.function(result, again)


def _literal(value: Any) -> str | None:
    """A value of plain parts as Python source, or None."""
    try:
        source = repr(value)
        if value is None or value.__class__ in (str, bool, int) or literal_eval(source) == value:
            return source
    except (ValueError, SyntaxError):
        pass
    return None
