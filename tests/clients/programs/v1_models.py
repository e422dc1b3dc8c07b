"""Models and tools by the SDK's legacy factories: at once, polled, streamed, with history; listed, and failing."""

from aixplain.enums import Function
from aixplain.factories import ModelFactory, ToolFactory
from telling import Told, status_of

told = Told()

SYNC, ASYNC = "695fce4c27b4e3580e43d126", "695fce4c27b4e3580e43d127"
TRANSLATION, FAILING = "695fce4c27b4e3580e43d129", "695fce4c27b4e3580e43d12a"
ABORTING = "695fce4c27b4e3580e43d12b"
SCRAPER, SEARCH = "6900000000000000000000aa", "6900000000000000000000ab"
HISTORY = [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "4"}]


def shown(response):
    return {
        "status": status_of(response),
        "completed": response.completed,
        "data": response.data,
        "error_message": response.error_message,
        "used_credits": response.used_credits,
    }


model = ModelFactory.get(SYNC)
told("get", lambda: {"id": model.id, "name": model.name, "kind": type(model).__name__, "supplier": str(model.supplier)})
told("sync", lambda: shown(model.run("What is 2 + 2?")))
told("history", lambda: shown(model.run("What was my previous question?", history=HISTORY)))
told("cut", lambda: model.run("Tell me a long story about the sea", max_tokens=3).details[0]["finish_reason"])
told("async", lambda: shown(ModelFactory.get(ASYNC).run("What is 2 + 2?")))


def by_hand():
    slow = ModelFactory.get(ASYNC)
    begun = slow.run_async("What is 2 + 2?")
    return {"begun": shown(begun)["status"], "url": begun.url, "ended": shown(slow.sync_poll(begun.url))}


told("async by hand", by_hand)
told("no language model", lambda: shown(ModelFactory.get(TRANSLATION).run({"text": "hello", "sourcelanguage": "en"})))


def streamed():
    chunks = list(model.run("What are the colours of the rainbow?", stream=True))
    whole = model.run("What are the colours of the rainbow?").data
    return {"text": "".join(str(chunk.data) for chunk in chunks), "last": chunks[-1].status.value, "whole": whole}


told("streamed", streamed)
told("failed", lambda: shown(ModelFactory.get(FAILING).run("hi")))
told("aborted", lambda: shown(ModelFactory.get(ABORTING).run("hi")))
told("unknown", lambda: ModelFactory.get("nothing-of-that-name"))


def listed(**asked):
    found = ModelFactory.list(**asked)
    return {"names": [each.name for each in found["results"]], "total": found["total"], "page": found["page_number"]}


told("list", lambda: listed(query="Demo", page_size=3))
told("list, next page", lambda: listed(query="Demo", page_size=3, page_number=1))
told(
    "list by ids",
    lambda: sorted(each.name for each in ModelFactory.list(model_ids=[SYNC, ASYNC], page_size=2)["results"]),
)
told("list by function", lambda: listed(function=Function.TRANSLATION))

tool = ToolFactory.get(SCRAPER)
told("tool, actions", lambda: [[each.code, each.name] for each in tool.actions])
told("tool, inputs", lambda: list(tool.get_action_inputs("scrape")))
told("tool", lambda: shown(tool.run("scrape", {"url": "https://example.com"})))
told("tool, polled", lambda: shown(ModelFactory.get(SEARCH).run("search", {"query": "rainbow"})))
told("tool, no such action", lambda: shown(tool.run("dance", {})))
told("tool, no input", lambda: shown(tool.run("scrape", {})))
told.end()
