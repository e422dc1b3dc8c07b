"""The least of everything, by both surfaces of the SDK in one process."""

from aixplain import Aixplain
from aixplain.factories import AgentFactory, ModelFactory
from telling import Told

aix = Aixplain()
told = Told()
AGENT, TOOL = "68f0000000000000000000a1", "6900000000000000000000aa"
SYNC, ASYNC = "695fce4c27b4e3580e43d126", "695fce4c27b4e3580e43d127"
PAGE = {"url": "https://example.com"}


def streamed():
    with aix.Model.get(SYNC).run_stream(text="What is 2 + 2?") as stream:
        return "".join(chunk.data for chunk in stream)


told("v2 sync", lambda: aix.Model.get(SYNC).run(text="What is 2 + 2?").data)
told("v2 async", lambda: aix.Model.get(ASYNC).run(text="What is 2 + 2?").data)
told("v2 stream", streamed)
told("v2 agent", lambda: aix.Agent.get(AGENT).run("What is 2 + 2?").data.output)
told("v2 tool", lambda: aix.Tool.get(TOOL).run(action="scrape", data=PAGE).data["markdown"][:16])
told("v1 sync", lambda: ModelFactory.get(SYNC).run("What is 2 + 2?").data)
told("v1 async", lambda: ModelFactory.get(ASYNC).run("What is 2 + 2?").data)
told("v1 agent", lambda: AgentFactory.get(AGENT).run("What is 2 + 2?").data.output)
told("v1 tool", lambda: ModelFactory.get(TOOL).run("scrape", PAGE).data["markdown"][:16])
told.end()
