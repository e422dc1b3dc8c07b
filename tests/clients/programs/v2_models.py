"""Models and tools by the SDK's client of v2: at once, polled, streamed, with history; searched, paged, and failing."""

from aixplain import Aixplain
from telling import Told, status_of

aix = Aixplain()
told = Told()

SYNC = "695fce4c27b4e3580e43d126"
ASYNC = "695fce4c27b4e3580e43d127"
FAILING, ABORTING = "695fce4c27b4e3580e43d12a", "695fce4c27b4e3580e43d12b"
SCRAPER, SEARCH = "6900000000000000000000aa", "6900000000000000000000ab"
HISTORY = [
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "What was my previous question?"},
]


def shown(result):
    usage = getattr(result, "usage", None)
    return {
        "status": status_of(result),
        "completed": result.completed,
        "data": result.data,
        "tokens": getattr(usage, "total_tokens", None),
        "run_time": getattr(result, "run_time", None),
        "used_credits": getattr(result, "used_credits", None),
    }


def page(found):
    return {"names": [each.name for each in found.results], "total": found.total, "page": found.page_number}


model = aix.Model.get(SYNC)
told("get", lambda: {"id": model.id, "name": model.name, "sync_only": model.is_sync_only, "price": model.pricing.price})
told("by path", lambda: aix.Model.get("openai/gpt-4o-mini/openai").name)
told("by path, run", lambda: shown(aix.Model.get("openai/gpt-4o-mini/openai").run(text="What is 2 + 2?")))
told("sync", lambda: shown(model.run(text="What is 2 + 2?", max_tokens=10, temperature=0.8)))
told("history", lambda: shown(model.run(text=HISTORY)))
told("cut", lambda: model.run(text="Tell me a long story about the sea", max_tokens=3).details[0].finish_reason)


def streamed():
    with model.run_stream(text="What are the colours of the rainbow?") as stream:
        chunks = list(stream)
    return {
        "text": "".join(chunk.data for chunk in chunks),
        "status": stream.status.value,
        "finish": [chunk.finish_reason for chunk in chunks if chunk.finish_reason],
        "tokens": chunks[-1].usage["total_tokens"],
        "whole": model.run(text="What are the colours of the rainbow?").data,
    }


told("streamed", streamed)
told("async", lambda: shown(aix.Model.get(ASYNC).run(text="What is 2 + 2?")))


def by_hand():
    slow = aix.Model.get(ASYNC)
    begun = slow.run_async(text="What is 2 + 2?")
    return {"begun": shown(begun)["status"], "url": begun.url, "ended": shown(slow.sync_poll(begun.url))}


told("async by hand", by_hand)
told("failed", lambda: shown(aix.Model.get(FAILING).run(text="hi")))
told("aborted", lambda: shown(aix.Model.get(ABORTING).run(text="hi")))
told("unknown", lambda: aix.Model.get("nothing-of-that-name"))
told("no text", lambda: model.run(max_tokens=3))

told("search", lambda: page(aix.Model.search("Demo", page_size=3)))
told("search, next page", lambda: page(aix.Model.search("Demo", page_size=3, page_number=1)))
told("search by function", lambda: page(aix.Model.search(functions=["translation"])))
told("search, nothing", lambda: page(aix.Model.search("no model is called so")))
told("search, tools", lambda: page(aix.Tool.search("Web")))

tool = aix.Tool.get(SCRAPER)
told("tool, actions", lambda: [each.name for each in tool.list_actions()])
told("tool, inputs", lambda: list(tool.actions["scrape"].inputs.keys()))
told("tool", lambda: shown(tool.run(action="scrape", data={"url": "https://example.com"})))
told("tool, polled", lambda: shown(aix.Tool.get(SEARCH).run(action="search", data={"query": "rainbow"})))
told("tool, no such action", lambda: shown(tool.run(action="dance", data={})))
told("tool, no input", lambda: shown(tool.run(action="scrape", data={})))
told.end()
