"""The commands that steer a running emulator: made of those in `words`, each asks one control route."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.errors import exit_on_error
from emulator.cli.words import ABOUT, COMMANDS, OPTIONS, Command, Option, address_options
from emulator.errors import ConfigError

if TYPE_CHECKING:
    from emulator.testing.client import Client

NOT_READY = 1  # the exit status of `wait` when nothing is ready in time
FAILED = {"verdict": 4, "expect": 5}  # and those of findings and of what is not met, as for `emulator run`
BETWEEN_TRIES, LEAST = 0.1, 0.001  # real seconds
PATHS = (".yaml", ".yml")
SEVERAL = "…"
ROUTE = re.compile(r"(?P<method>GET|POST|PUT|PATCH|DELETE) /_emulator(?P<path>/[^\s,;]*)")


class _Steering(click.Command):
    """A command that says why the clock takes no negative time, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if self.name == "clock" and error.option_name.strip("-")[:1].isdigit():
                cure = "the clock only advances; `emulator clock set TIME` sets it back"
                raise click.UsageError(cure, ctx) from None
            raise


def commands() -> list[click.Command]:
    """The commands, one for each first word."""
    return [_command(name, [each for each in COMMANDS if each.command == name]) for name in ABOUT]


def _command(name: str, entries: Sequence[Command]) -> click.Command:
    parameters: list[click.Parameter] = [click.Argument(["words"], nargs=-1, metavar=_usage(entries))]
    for option in dict.fromkeys(each for entry in entries for each in entry.options):
        choice = OPTIONS[option]
        alone: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if choice.type == "frozen" else {}
        parameters.append(
            click.Option(
                [f"--{option}", f"given_{option}"],
                metavar=choice.metavar,
                help=choice.about,
                multiple=choice.multiple,
                type=str if isinstance(choice.type, str) else choice.type,
                **alone,
            )
        )
    parameters += address_options()
    parameters.append(click.Option(["--json", "as_json"], is_flag=True, help="Print the response as JSON."))

    @exit_on_error
    def run(**options: Any) -> int:
        return _run(entries, **options)

    return _Steering(name, callback=run, params=parameters, help=_help(entries))


def _usage(entries: Sequence[Command]) -> str:
    (first, *more) = [each.words.partition(" ")[2] for each in entries]
    return "[WORDS …]" if more else first


def _help(entries: Sequence[Command]) -> str:
    shown = [f"emulator {each.words}{f' --{each.needs}' if each.needs else ''}" for each in entries]
    width = max(map(len, shown))
    if width > 42:
        lines = [f"  {words}\n      {entry.about}" for words, entry in zip(shown, entries, strict=True)]
    else:
        lines = [f"  {words.ljust(width)}  {entry.about}" for words, entry in zip(shown, entries, strict=True)]
    return "\n\n".join([ABOUT[entries[0].command], "\b\n" + "\n".join(lines)])


def _run(
    entries: Sequence[Command], words: tuple[str, ...], url: str, world: str, token: str, as_json: bool, **given: Any
) -> int:
    """Asks what the words say, and prints the answer. Raises ConfigError."""
    from contextlib import closing
    from functools import partial

    from emulator.cli.tables import answer_lines
    from emulator.log.address import check_address
    from emulator.testing.client import Client

    options = {name.removeprefix("given_"): value for name, value in given.items() if value not in (None, ())}
    entry, arguments = choose(entries, words, options)
    address, token = check_address(url, world, token)
    if entry.command == "wait":
        return _wait(address, partial(Client, address, world, token or None), options.get("timeout", "30s"))
    with closing(Client(address, world, token or None)) as client:
        if entry.command == "snapshot":
            return _snapshot(client, entry, arguments["FILE"], as_json)
        answer = _ask(client, entry, arguments, options)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    elif "text" in answer:
        click.echo(answer["text"])
    else:
        click.echo("\n".join(answer_lines(answer, entry.rows, entry.columns, entry.none)))
    return 0 if answer.get("ok", True) else FAILED.get(entry.command, 0)


def choose(
    entries: Sequence[Command], words: Sequence[str], options: Mapping[str, Any]
) -> tuple[Command, dict[str, Any]]:
    """Returns the entry that the words and options mean, and its arguments. Raises ConfigError, with the nearest."""
    spelled = [each for each in entries if words and each.words.split()[1:2] == [words[0]]]
    # A word that begins another entry is no argument: `jobs complete` lacks the id.
    fitting = [(each, found) for each in spelled or entries if (found := _match(each, words)) is not None]
    if not fitting:
        raise ConfigError(_unfit(entries, words))
    # What is spelled out goes before an argument, and an entry that an option makes before others.
    fitting.sort(key=lambda pair: (pair[0].needs in options, -len(pair[1])), reverse=True)
    entry, arguments = next(pair for pair in fitting if not pair[0].needs or pair[0].needs in options)
    for option in options:
        if option not in entry.options:
            places = " and ".join(f"`emulator {each.words}`" for each in entries if option in each.options)
            raise ConfigError(f"--{option} is not for `emulator {entry.words}`; it is for {places}")
    return entry, arguments


def _match(entry: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """Returns the arguments, if these words are an entry's."""
    left, arguments = list(words), dict[str, Any]()
    for part in entry.words.split()[1:]:
        name = part.strip(f"[]{SEVERAL}")
        if part.endswith((SEVERAL, f"{SEVERAL}]")):
            if not left and not part.startswith("["):
                return None
            arguments[name], left = left, []
        elif not left:
            return None
        elif name.isupper():
            arguments[name] = left.pop(0)
        elif left.pop(0) != name:
            return None
    return None if left else arguments


def _unfit(entries: Sequence[Command], words: Sequence[str]) -> str:
    """Says why no entry has these words, and which there are."""
    from emulator.language.document.diagnostics import did_you_mean

    command, first = entries[0].command, words[0] if words else ""
    firsts = [(each, each.words.split()[1] if " " in each.words else "") for each in entries]
    known = list(dict.fromkeys(part for _, part in firsts if part.islower()))
    if first and known and first not in known and not any(part.isupper() for _, part in firsts):
        return f"emulator {command}: unknown word {first[:100]!r}; {did_you_mean(first, known)}"
    shown = "; ".join(f"emulator {each.words}" for each, part in firsts if first not in known or part == first)
    return f"emulator {' '.join((command, *words))[:200]}: expected {shown}"


def _ask(client: Client, entry: Command, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Asks the route of an entry. Raises ConfigError with what the server says."""
    method, _, path = entry.route.partition(" ")
    values = {
        key: _value(key, arguments.get(value, value) if isinstance(value, str) else value)
        for key, value in entry.send.items()
    }
    values |= {OPTIONS[name].key: _option(OPTIONS[name], name, value) for name, value in options.items()}
    if entry.command == "arm":
        values = {"fault": arguments["FAULT"], **values}
        if arguments["PARAM=VALUE"] or "=" in values["fault"]:
            values |= _parameters([values["fault"], *arguments["PARAM=VALUE"]])
    if "JSON" in arguments:
        values |= _object(arguments["JSON"], f"the {'record' if entry.command == 'records' else 'expectation'}", _yaml)
    return send(client, method, _filled(path, arguments, client.world), values)


def send(client: Client, method: str, path: str, values: Mapping[str, Any]) -> Any:
    """Asks a route. Raises ConfigError with what the server says, in the words of who typed."""
    from emulator.log.address import TOKEN_HINT
    from emulator.testing.client import ControlError

    try:
        answer = client.ask(method, path, values)
        if not isinstance(answer, dict):
            raise ConfigError(f"what answers at {client.url} is no emulator of this version")
        return answer
    except RecursionError:
        raise ConfigError("the JSON is nested too deeply") from None
    except ControlError as error:
        if not error.status:
            cure = "start one with `emulator serve`, or say where it is with --url"
            raise ConfigError(f"{error.message}; {cure}") from None
        diagnostics = str(error).removeprefix(error.message).splitlines()[1:] if error.status == 422 else []
        hint = TOKEN_HINT if error.status == 403 and "token" in error.message else error.hint
        hints = [f"hint: {ROUTE.sub(_command_of, hint)}"] if hint else []
        lines = [_said(error.message, client.url), *diagnostics, *hints]
        raise ConfigError("\n".join(lines)) from None


def _said(message: str, url: str) -> str:
    """What a server says, in the words of who typed: with options for keys, and not what is no emulator's."""
    if re.match(r"[A-Z]+ /_emulator\S* answered [0-9]+: ", message):
        return f"what answers at {url} is no emulator of this version: {message.splitlines()[0][:200]}"
    options = {choice.key: f"--{name} {choice.metavar}" for name, choice in OPTIONS.items()}
    return re.sub(r"^'(\w+)'(?= is missing)", lambda found: options.get(found[1], found[0]), message)


def _command_of(route: re.Match[str]) -> str:
    """The command that asks a route which a hint names, or the route where none does."""
    parts = route["path"].split("/")
    fitting = [each for each in COMMANDS if _asks(each, route["method"], parts)]
    if len(fitting) != 1:
        return f"`emulator {fitting[0].command}`" if fitting else route[0]
    (entry,) = fitting
    named = dict(zip(entry.route.partition(" ")[2].split("/"), parts, strict=True))
    typed = {part[1:-1].upper(): value for part, value in named.items() if part.startswith("{") and part != value}
    return f"`emulator {' '.join(typed.get(word, word) for word in entry.words.split())}`"


def _asks(entry: Command, method: str, parts: Sequence[str]) -> bool:
    own, _, path = entry.route.partition(" ")
    known = path.split("/")
    return (own, len(known)) == (method, len(parts)) and all(
        each == part or each.startswith("{") for each, part in zip(known, parts, strict=True)
    )


def _filled(path: str, arguments: Mapping[str, Any], world: str) -> str:
    """The path with its parts; the name of a world that is not typed is that of --world."""
    from urllib.parse import quote

    parts = {"name": world, **{name.lower(): value for name, value in arguments.items()}}
    return "/".join(quote(parts[each[1:-1]], safe="") if each.startswith("{") else each for each in path.split("/"))


def _value(key: str, value: Any) -> Any:
    """What is typed, as the control API takes it: numbers of seconds and factors are numbers, paths are absolute."""
    if key == "scenarios":
        return [_scenario(each) for each in value]
    if key in ("advance", "set", "speed", "age", "after", "for") and isinstance(value, str):
        try:
            return _number(value)
        except ValueError:
            if key == "speed":
                raise ConfigError(f"speed: expected a number such as 100; found {value[:100]!r}") from None
    return value


def _option(choice: Option, name: str, value: Any) -> Any:
    """The value of an option, as the control API takes it. Raises ConfigError for what is neither JSON nor YAML."""
    if choice.multiple:
        return [_scenario(each) if choice.type == "path" else each for each in value]
    if choice.type == "json":
        return _json(value, f"--{name}", _yaml)
    if choice.type == "frozen":
        return True if value == "true" else value
    return _value(choice.key, value)


def _scenario(name: str) -> str:
    return os.path.abspath(name) if name.endswith(PATHS) else name


def _json(text: str, where: str, otherwise: Callable[[str, str], Any] | None = None) -> Any:
    try:
        return json.loads(text, parse_float=_number, parse_constant=_number)
    except RecursionError:
        raise ConfigError(f"{where} is nested too deeply") from None
    except ValueError as error:
        if otherwise is not None and isinstance(error, json.JSONDecodeError):
            return otherwise(text, where)
        raise ConfigError(f"{where} is not JSON: {error}") from None


def _yaml(text: str, where: str) -> Any:
    """What is typed as YAML, such as {on: models.list}, if JSON can hold it. Raises ConfigError."""
    from emulator.errors import DocumentError
    from emulator.language.document.reader import parse

    try:
        return json.loads(json.dumps(parse(text, where).data, allow_nan=False))
    except DocumentError as error:
        raise ConfigError(f"{where} is neither JSON nor YAML: {error.diagnostics[0].message}") from None
    except (RecursionError, TypeError, ValueError) as error:
        raise ConfigError(f"{where} is YAML that JSON can't hold: {error}") from None


def _number(text: str) -> float:
    """Returns a number of JSON, which knows no others than finite ones. Raises ValueError."""
    if not isfinite(number := float(text)):
        raise ValueError(f"{text} is {'too large' if text[-1].isdigit() else 'no number of JSON'}")
    return number


def _object(text: str, what: str, otherwise: Callable[[str, str], Any] | None = None) -> dict[str, Any]:
    data = _json(text, what, otherwise)
    if not isinstance(data, dict):
        raise ConfigError(f'{what} is {text[:100]!r}; expected a JSON object, such as \'{{"name": "Mine"}}\'')
    return data


def _parameters(words: Sequence[str]) -> dict[str, Any]:
    """The fault and its parameters, in the syntax of the header. Raises ConfigError."""
    from emulator.faults.header import armed_order

    for word in words[1:]:
        if "=" not in word:
            cure = f"a single value is written {words[0]}=VALUE, and operations go to --on"
            raise ConfigError(f"{word[:100]!r} is not PARAM=VALUE; {cure}")
    return armed_order("; ".join(words))


def _snapshot(client: Client, entry: Command, file: str, as_json: bool) -> int:
    """Saves a world to a file, which is as before if that fails, or loads it. Raises ConfigError."""
    from emulator.atomic import replace_file

    path, did = _filled("/worlds/{name}/snapshot", {}, client.world), "loaded"
    try:
        if entry.route.startswith("GET"):
            text, did = json.dumps(send(client, "GET", path, {})), "saved"
            if file == "-":
                click.echo(text)
                return 0
            replace_file(Path(file), text.encode())
        else:
            text = sys.stdin.read() if file == "-" else Path(file).read_text()
            send(client, "PUT", path, _object(text, file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error.strerror if isinstance(error, OSError) else 'it is no text'}") from None
    click.echo(
        json.dumps({did: file}) if as_json else f"{client.world}: {did} {'to' if did == 'saved' else 'from'} {file}"
    )
    return 0


def _wait(url: str, connect: Callable[..., Client], timeout: str) -> int:
    """Waits, in real time, until the emulator answers a client with a `timeout`."""
    import asyncio
    from contextlib import closing

    from emulator.clock.system_time import pause
    from emulator.errors import DocumentError, Location
    from emulator.language.document.durations import parse_duration
    from emulator.testing.client import ControlError

    timeout = f"{timeout}s" if timeout.isdecimal() else timeout
    try:
        limit = parse_duration(timeout, Location("--timeout")).fixed
    except DocumentError as error:
        raise ConfigError(str(error)) from None
    last = ["nothing was tried"]

    def failure(left: float) -> str:
        """Why a try of so many seconds fails; empty if it does not."""
        with closing(connect(timeout=max(left, LEAST))) as client:
            try:
                fits = isinstance(client.get("/health"), dict)
            except ControlError as error:
                return _said(error.message, url)
        return "" if fits else f"what answers at {url} is no emulator of this version"

    async def wait() -> None:
        async with asyncio.timeout(limit) as scope:
            end = scope.when() or 0.0
            while reason := failure(end - asyncio.get_running_loop().time()):
                last[0] = reason
                await pause(BETWEEN_TRIES)

    try:
        asyncio.run(wait())
    except TimeoutError:
        click.echo(f"waited {timeout}: {last[0]}", err=True)
        return NOT_READY
    click.echo(f"{url} is ready")
    return 0
