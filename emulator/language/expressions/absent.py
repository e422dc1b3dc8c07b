"""What stands for a thing that is not there: a field the client did not send, a record nobody has."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from jinja2 import Undefined
from jinja2.exceptions import UndefinedError


class AbsentError(UndefinedError, TypeError):
    """A value was needed where there is none."""


class Absent(Undefined):
    """False, empty to `in`, equal only to itself, and absent however deep one looks; using it as a value is an error.

    Jinja's own filters, tests and statements know it as undefined. Ours compare with `ABSENT` itself.
    """

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: Any = None) -> None:
        super().__init__(hint, obj, name, exc or AbsentError)

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Absent)

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, Absent)

    def __hash__(self) -> int:
        return id(Absent)

    def __contains__(self, item: object) -> bool:
        return False

    def __getitem__(self, key: object) -> Absent:  # type: ignore[override]
        return self

    def __iter__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __len__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __str__(self) -> NoReturn:
        self._fail_with_undefined_error()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name)

    def __repr__(self) -> str:
        return "ABSENT"

    def __copy__(self) -> Absent:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Absent:
        return self

    @property
    def _undefined_message(self) -> str:
        if self._undefined_name:
            return f"`{self._undefined_name}` is absent"
        return self._undefined_hint or "a value is absent"


ABSENT: Final = Absent()


def lookup(found: Any, key: Any) -> Any:
    """`found[key]`, or ABSENT: a field of a mapping or an item of a list, never an attribute of a Python object."""
    if isinstance(found, type):  # list['x'] would be a generic type
        return ABSENT
    try:
        return found[key]
    except (LookupError, TypeError):
        return ABSENT
