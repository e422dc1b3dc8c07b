"""Agents by the SDK's legacy factories: run, in a session, with history, polled by hand; listed."""

from aixplain.factories import AgentFactory
from telling import Told

told = Told()
AGENT, RESEARCHER, FAILING = (f"68f0000000000000000000{end}" for end in ("a1", "a2", "af"))


def shown(response):
    return {
        "status": str(getattr(response.status, "value", response.status)),
        "completed": response.completed,
        "output": response.data.output,
        "session": response.data.session_id,
        "steps": len(response.data.intermediate_steps or []),
    }


agent = AgentFactory.get(AGENT)
told("get", lambda: {"id": agent.id, "name": agent.name})
told("run", lambda: shown(agent.run("What is 5 + 5?")))


def conversation():
    session = agent.generate_session_id()
    first = agent.run("What is 5 + 5?", session_id=session)
    return [shown(first), shown(agent.run("What was my previous question?", session_id=session))]


def by_hand():
    begun = agent.run_async("What is 5 + 5?")
    ended = agent.sync_poll(begun.url)
    return {"begun": str(begun.status.value), "url": begun.url, "ended": ended.data["output"]}


HISTORY = [{"role": "user", "content": "What is 5 + 5?"}, {"role": "assistant", "content": "10"}]
told("session", conversation)
told("history", lambda: shown(agent.run("What was my previous question?", history=HISTORY)))
told("progress", lambda: shown(AgentFactory.get(RESEARCHER).run("What is 5 + 5?", progress_verbosity="full")))
told("async by hand", by_hand)
told("failed", lambda: shown(AgentFactory.get(FAILING).run("hi")))
told("unknown", lambda: AgentFactory.get("68f0000000000000000000ff"))
told("list", lambda: sorted(each.name for each in AgentFactory.list()["results"]))
told.end()
