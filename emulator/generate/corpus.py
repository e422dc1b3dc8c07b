"""The sentences that answers to unforeseen prompts are made of: ours around Faker's names, made once per seed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from emulator.generate.tokens import pieces

if TYPE_CHECKING:
    from faker import Faker

_VARIANTS = 6
_POOL = 64
# No sentence depends on the topic, so that any of them may follow any opening.
_SENTENCES = """
A good first step is to write down what you already know and what you still have to find out.
It helps to look at one concrete example before drawing wider conclusions.
Most of the effort goes into the details that nobody writes down.
Start small, keep notes, and change one thing at a time.
If two options look equally good, take the one that is easier to undo.
The first attempt is rarely the best one, but it shows where the real questions are.
A short list of priorities is worth more here than a long list of wishes.
It is easy to overlook how much depends on the starting point.
There are exceptions, of course, but they tend to prove the general idea.
Once the basics are in place, the rest follows fairly naturally.
A second opinion is cheap at this stage and expensive later on.
The simplest explanation is usually the right one to test first.
Give it a week or two before you judge the result.
Much of it is a matter of habit, and habits come with repetition.
You do not need special tools for it, only a little patience.
Keep an eye on the costs, because they grow quietly.
What looks like one problem is often two smaller ones.
The best advice is often the plainest: decide, try, look, and adjust.
Context matters more than any single fact.
It is worth asking what would have to be true for the opposite to hold.
Some of this has changed in recent years, so older advice may not fit any more.
A quick sketch on paper makes the trade-offs much easier to see.
When in doubt, ask the people who deal with it every day.
Nothing here has to be perfect the first time round.
That said, there is no single recipe that works for everyone.
{name} in {city} puts it this way: begin with what you can measure.
{name}, who works as {job}, suggests starting with one small example.
{name} once compared it to packing for a long trip: the trick is knowing what to leave out.
{name} from {company} keeps a simple rule for this: never change two things on the same day.
{company} tried this in {city} and found that short, regular reviews beat one big plan.
{company} cut the time it takes by {percent} percent, mostly by leaving things out.
A small study at {company} found that about {percent} percent of the benefit comes from the first few steps.
A survey in {city} put it at {percent} percent, though the numbers vary from year to year.
In {city}, for instance, people have done it this way for more than {years} years.
Teams at {company} use it to {bs}, which is a good sign that it holds up in practice.
Organisations that {bs} tend to see the first results within {weeks} weeks.
If your goal is to {bs}, plan about {weeks} weeks for it.
One vendor in {city} sells this as a "{phrase}", but the idea behind it is simpler than that.
A typical project of this kind takes {weeks} weeks, and the first {few} decide how it ends.
As {job}, {name} sees this often and recommends a checklist with no more than {few} points.
The example people remember comes from {company}: {few} people, one whiteboard, and a clear deadline.
"""


class Sentence(NamedTuple):
    """One sentence as it stands inside a text: after a space, and cut in its pieces."""

    text: str
    pieces: tuple[str, ...]


class Stock(Struct, frozen=True):
    """What a corpus holds once it is built; `follow_ups` are groups of variants of one sentence."""

    follow_ups: tuple[tuple[Sentence, ...], ...]
    names: tuple[str, ...]
    cities: tuple[str, ...]
    companies: tuple[str, ...]
    phrases: tuple[str, ...]


class Corpus:
    """A stock of sentences that depends on nothing but the seed; built on first use, or early by `warm`."""

    def __init__(self, seed: str) -> None:
        self._seed = int.from_bytes(blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        self._lock = threading.Lock()
        self._stock: Stock | None = None

    @property
    def stock(self) -> Stock:
        """The stock; the first caller builds it (about 0.2 s), others wait for that."""
        return self._stock or self.warm()

    def warm(self) -> Stock:
        """Build the stock unless it is there; may be called from any thread."""
        with self._lock:
            if self._stock is None:
                self._stock = _build(self._seed)
            return self._stock

    def follow_ups(self, choice: bytes, count: int) -> list[Sentence]:
        """`count` (at most 4) different sentences, named by the first `count` + 2 bytes of `choice`."""
        groups = self.stock.follow_ups
        place, step = choice[0], 1 + choice[1] % (len(groups) // 4)
        chosen = []
        for number in range(count):
            variants = groups[(place + number * step) % len(groups)]
            chosen.append(variants[choice[number + 2] % len(variants)])
        return chosen


def _build(seed: int) -> Stock:
    # Imported here: it takes longer than the rest of the emulator together.
    from faker import Faker

    kinds = ("address", "company", "job", "person")
    faker = Faker("en_US", providers=[f"faker.providers.{kind}" for kind in kinds])
    faker.seed_instance(seed)
    chance = Random(seed)
    fill = _fields(faker, chance)
    groups = []
    for frame in _SENTENCES.strip().splitlines():
        variants = _VARIANTS if "{" in frame else 1
        groups.append(tuple(_sentence(frame.format_map(_Filled(fill))) for _ in range(variants)))
    chance.shuffle(groups)
    return Stock(
        tuple(groups),
        tuple(_plain_name(faker) for _ in range(_POOL)),
        tuple(faker.city() for _ in range(_POOL)),
        tuple(faker.company() for _ in range(_POOL)),
        tuple(faker.catch_phrase() for _ in range(_POOL)),
    )


def _fields(faker: Faker, chance: Random) -> dict[str, Callable[[], str]]:
    """What may stand in a sentence, by name."""
    return {
        "name": lambda: _plain_name(faker),
        "city": faker.city,
        "company": faker.company,
        "phrase": lambda: faker.catch_phrase().lower(),
        "bs": faker.bs,
        "job": lambda: _job(faker),
        "percent": lambda: str(chance.randrange(12, 68)),
        "years": lambda: str(chance.randrange(15, 120, 5)),
        "weeks": lambda: str(chance.randrange(4, 13)),
        "few": lambda: chance.choice(["two", "three", "four", "five"]),
    }


class _Filled(dict[str, Callable[[], str]]):
    """Gives a field's value anew each time a frame asks for it."""

    def __getitem__(self, name: str) -> str:  # type: ignore[override]
        return super().__getitem__(name)()


def _sentence(text: str) -> Sentence:
    text = f" {text[0].upper()}{text[1:]}"
    return Sentence(text, tuple(pieces(text)))


def _plain_name(faker: Faker) -> str:
    return f"{faker.first_name()} {faker.last_name()}"


def _job(faker: Faker) -> str:
    """An occupation with its article; Faker also has "Engineer, civil" and "Editor/proofreader", which read badly."""
    job = next(job for job in iter(faker.job, None) if job.isascii() and job.replace(" ", "").isalpha())
    job = job if job[:2].isupper() else job[0].lower() + job[1:]
    return f"an {job}" if job[0] in "aeiouAEIO" else f"a {job}"


def pick(pool: Sequence[str], number: int) -> str:
    """One of a pool, by any number."""
    return pool[number % len(pool)]
