"""Answers: what the APIs say in a world to certain prompts; added, listed and removed."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field, to_builtins

from emulator.compile.answers import idle_pattern
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.answers import MAX_ANSWERS
from emulator.errors import ConfigError
from emulator.generate.answers import WorldAnswer

Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
Texts = Annotated[list[Text], Meta(min_length=1, max_length=1_000)]


class AnswerRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer, in the words of a scenario's `answers`; without `prompt`, `contains` and `matches` it is for every
    prompt. A null is as good as left out."""

    prompt: Annotated[Text | Texts | None, Meta(description="a whole prompt, or several")] = None
    contains: Annotated[Text | Texts | None, Meta(description="a text in the prompt, or any of several")] = None
    matches: Annotated[Text | None, Meta(description="a regular expression that is found in the prompt")] = None
    on: Annotated[Text | Texts | None, Meta(description="operations: messages.create, messages.*, api/…")] = None
    answer: Annotated[str | None, Meta(description="what is said; a template")] = None
    json_answer: Annotated[dict[str, Any] | None, Meta(description="the object in JSON mode; a template")] = field(
        name="json", default=None
    )


class AnswerView(AnswerRequest, frozen=True, kw_only=True, omit_defaults=True):
    """An answer as it was added, and its id."""

    id: str


class AnswersView(Struct, frozen=True):
    """The answers added to this world, the newest first: the first that fits a prompt is given."""

    answers: list[AnswerView]


class AnswersRemoved(Struct, frozen=True):
    """The ids of the answers that are not given any more."""

    removed: list[str]


def answers(request: ControlRequest) -> AnswersView:
    """The answers added to this world, the newest first."""
    return AnswersView([_view(added) for added in request.world.pipeline.answers.added])


def add(request: ControlRequest, body: AnswerRequest) -> AnswerView:
    """Add an answer to this world, from the next request on."""
    pipeline = request.world.pipeline
    if len(pipeline.answers.added) >= MAX_ANSWERS:
        raise ControlFailure(409, f"this world has {MAX_ANSWERS:,} answers already; remove some first")
    for pattern in body.on if isinstance(body.on, list) else [body.on] if body.on is not None else []:
        wrong = idle_pattern(pattern, pipeline.playbook.apis.values())
        if wrong is not None:
            raise ControlFailure(400, f"body.on: {wrong}")
    try:
        return _view(pipeline.answers.add(to_builtins(body)))
    except ConfigError as error:
        raise ControlFailure(400, f"body: {error}") from None


def remove(request: ControlRequest) -> AnswersRemoved:
    """Remove one answer from this world."""
    try:
        return AnswersRemoved([request.world.pipeline.answers.remove(request.path["id"]).id])
    except ConfigError as error:
        raise ControlFailure(404, str(error)) from None


def clear(request: ControlRequest) -> AnswersRemoved:
    """Remove all answers that were added to this world."""
    answers = request.world.pipeline.answers
    gone = [added.id for added in answers.added]
    answers.clear()
    return AnswersRemoved(gone)


def _view(added: WorldAnswer) -> AnswerView:
    entry = dict(added.entry)
    return AnswerView(id=added.id, json_answer=entry.pop("json", None), **entry)


ROUTES = (
    ControlRoute(
        "GET",
        "/answers",
        answers,
        tool=Tool("list_answers", "List the answers that were added to the world, the newest first."),
    ),
    ControlRoute(
        "POST",
        "/answers",
        add,
        status=201,
        example={"prompt": "refund", "answer": "Refunds take five days."},
        refusals=(409,),
        writes=True,
        tool=Tool(
            "add_answer",
            "Decide what the emulated model says to certain prompts, from the next request on: `answer` is the text, "
            "or `json` the object in JSON mode. Without prompt, contains or matches it is said to every prompt.",
            effect="adds",
        ),
    ),
    ControlRoute("DELETE", "/answers", clear, writes=True, tool=NoTool("remove_answer and reset_world do it")),
    ControlRoute(
        "DELETE",
        "/answers/{id}",
        remove,
        at={"id": "answer_1"},
        refusals=(404,),
        writes=True,
        tool=Tool(
            "remove_answer",
            "Remove an answer that was added.",
            effect="removes",
            idempotent=True,
            words={"id": "its id, as add_answer and list_answers give it, such as answer_1"},
        ),
    ),
)
