"""Report files: which are wanted, whether they can be written, and what is written to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from emulator.errors import ConfigError
from emulator.language.document.diagnostics import did_you_mean
from emulator.reports.har import har
from emulator.reports.junit import junit
from emulator.reports.markdown import markdown
from emulator.reports.record import ExchangesRecord, RunRecord

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def _json(record: RunRecord) -> str:
    shown = msgspec.to_builtins(record)
    return json.dumps({name: shown[name] for name in shown if name not in ("exchanges", "sent")}, indent=2) + "\n"


def _har(record: ExchangesRecord) -> str:
    return json.dumps(har(record.exchanges, record.sent, record.url), indent=1, ensure_ascii=False) + "\n"


def _lines(record: ExchangesRecord) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in record.exchanges)


OF_EXCHANGES: Mapping[str, Callable[[ExchangesRecord], str]] = {"har": _har, "jsonl": _lines}
FORMATS: Mapping[str, Callable[[RunRecord], str]] = {"junit": junit, "md": markdown, "json": _json, **OF_EXCHANGES}


class ReportFile(Struct, frozen=True):
    """A file that a report goes to, and the report's format."""

    format: str
    path: Path


def report_files(
    texts: Sequence[str], option: str = "--report", formats: Collection[str] = FORMATS
) -> list[ReportFile]:
    """Returns the files that `FORMAT=FILE` stand for. Raises ConfigError for what isn't one or can't be written."""
    try:
        files = [_parse(text, formats) for text in texts]
        for each in files:
            _check(each.path)
    except ConfigError as error:
        raise ConfigError(f"{option}{error}") from error
    if len({each.path.absolute() for each in files}) < len(files):
        raise ConfigError(f"{option}: two reports go to the same file")
    return files


def write_reports(files: Sequence[ReportFile], record: RunRecord, env: Mapping[str, str]) -> None:
    """Writes each file; the one that `$GITHUB_STEP_SUMMARY` names is added to. Raises ConfigError if one can't be."""
    for each in files:
        adds = bool(env.get(STEP_SUMMARY)) and each.path == Path(env[STEP_SUMMARY])
        try:
            with each.path.open("a" if adds else "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(FORMATS[each.format](record))
        except OSError as error:
            raise ConfigError(f"--report {each.format}={each.path}: can't be written: {error.strerror}") from error


def _parse(text: str, formats: Collection[str]) -> ReportFile:
    name, _, path = text.partition("=")
    if name not in formats:
        raise ConfigError(f" {text}: unknown format {name!r}; {did_you_mean(name, formats)}")
    if not path:
        raise ConfigError(f" {text}: expected a file, as in {name}=report.{name}")
    return ReportFile(name, Path(path))


def _check(path: Path) -> None:
    """Opens the file, which tells more than its mode does; one that was not there is removed again."""
    there = path.exists()
    try:
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise ConfigError(f": {path} can't be written: {error.strerror}") from error
