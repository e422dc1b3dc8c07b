"""Functions that draw lots for templates: the same request of the same world draws the same, two draws in it differ.

Each takes the context first. What is drawn depends on the seed, the world, the number of the request and how many lots
it has drawn before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from emulator.playbook.matching import CHANCE

if TYPE_CHECKING:
    from faker import Faker

    from emulator.engine.context import Context

MAX_NUMBER = 2**53  # beyond it, not every whole number is a number of JSON's usual readers
MAX_DIGITS = 15


def pick(context: Context, items: Any) -> Any:
    """One item of a list. Raises ValueError when there is none."""
    return _random(context).choice(_list(items, least=1))


def some(context: Context, items: Any, count: int) -> list[Any]:
    """So many items of a list, in its order. Raises ValueError when it has fewer."""
    choices, count = _list(items), _whole(count)
    if not 0 <= count <= len(choices):
        raise ValueError(f"expected 0 to {len(choices)} items, as many as there are; found {count}")
    return [choices[at] for at in sorted(_random(context).sample(range(len(choices)), count))]


def number(context: Context, low: Any, high: Any, digits: Any = 0) -> float:
    """A number from `low` to `high`, both included, with so many digits after the point; a whole one without."""
    digits = _whole(digits)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (low, high)):
        raise ValueError(f"expected two numbers; found {low!r} and {high!r}")
    if not -MAX_NUMBER <= low <= high <= MAX_NUMBER or not 0 <= digits <= MAX_DIGITS:
        raise ValueError(f"expected a lower and a higher number and 0 to {MAX_DIGITS} digits")
    if digits:
        return float(min(max(round(_random(context).uniform(low, high), digits), low), high))
    if low != int(low) or high != int(high):
        raise ValueError("expected whole numbers where no digits are asked for")
    return _random(context).randint(int(low), int(high))


def lot(context: Context, probability: Any) -> bool:
    """True for such a share of all requests, from 0 to 1."""
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise ValueError(f"expected a number from 0 to 1; found {probability!r}")
    return _random(context).random() < probability


def name(context: Context) -> str:
    """The name of a person who does not exist."""
    return str(_faker(context).name())


def word(context: Context) -> str:
    """An English word."""
    return str(_faker(context).word())


def sentence(context: Context) -> str:
    """A sentence of English words that means nothing."""
    return str(_faker(context).sentence())


def _seed(context: Context) -> str:
    context.lots += 1
    return f"{context[CHANCE]}/lot {context.lots}"


def _random(context: Context) -> Random:
    return Random(_seed(context))


def _faker(context: Context) -> Faker:
    faker = context.service.faker
    faker.seed_instance(_seed(context))
    return faker


def _list(items: Any, least: int = 0) -> Sequence[Any]:
    if not isinstance(items, list | tuple | range) or len(items) < least:
        raise ValueError("expected a list" + (" with something in it" if least else ""))
    return items


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number; found {value!r}")
    return value


LOTS: Mapping[str, Callable[..., Any]] = {
    "pick": pick,
    "some": some,
    "number": number,
    "lot": lot,
    "name": name,
    "word": word,
    "sentence": sentence,
}
