"""Agents by the SDK's legacy factories: run, in a session, with history, with variables; made, listed, deleted."""

from aixplain.factories import AgentFactory
from telling import Told, status_of

told = Told()
AGENT, FAILING = "68f0000000000000000000a1", "68f0000000000000000000af"


def shown(response):
    return {
        "status": status_of(response),
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


def begun_with_history():
    session = agent.generate_session_id(history=HISTORY)
    return shown(agent.run("What was my previous question?", session_id=session))


def with_variables():
    """It sends those that the agent's instructions name."""
    curious = AgentFactory.get(AGENT)
    curious.instructions = "Answer about {topic}."
    return shown(curious.run(data={"query": "Tell me more", "topic": "the sea"}))


HISTORY = [{"role": "user", "content": "What is 5 + 5?"}, {"role": "assistant", "content": "10"}]
told("session", conversation)
told("session with a history", begun_with_history)
told("session and history", lambda: agent.run("What is 5 + 5?", session_id=f"{AGENT}_1", history=HISTORY))
told("session of another", lambda: agent.run("What is 5 + 5?", session_id="talk-1"))
told("variables", with_variables)
told("history", lambda: shown(agent.run("What was my previous question?", history=HISTORY)))
told("async by hand", by_hand)
told("failed", lambda: shown(AgentFactory.get(FAILING).run("hi")))
told("unknown", lambda: AgentFactory.get("68f0000000000000000000ff"))
told("list", lambda: sorted(each.name for each in AgentFactory.list()["results"]))


def saved():
    mine = AgentFactory.create(
        name="Mine", description="One of ours", instructions="Answer.", llm="695fce4c27b4e3580e43d126"
    )
    listed = [each.name for each in AgentFactory.list()["results"]]
    answer = shown(mine.run("What is 5 + 5?"))
    mine.delete()
    after = [each.name for each in AgentFactory.list()["results"]]
    return {"found": "Mine" in listed, "output": answer["output"], "after": "Mine" in after}


told("saved", saved)
told.end()
