"""Agents by the SDK's client of v2: run, with a session, with history, with variables; made, saved, deleted."""

from aixplain import Aixplain
from telling import Told, status_of

aix = Aixplain()
told = Told()

AGENT, FAILING = "68f0000000000000000000a1", "68f0000000000000000000af"


def shown(result):
    return {
        "status": status_of(result),
        "completed": result.completed,
        "output": getattr(result.data, "output", None),
        "session": getattr(result.data, "session_id", None),
        "steps": len(getattr(result.data, "steps", None) or []),
        "used_credits": getattr(result, "used_credits", None),
    }


agent = aix.Agent.get(AGENT)
told("get", lambda: {"id": agent.id, "name": agent.name})
told("run", lambda: shown(agent.run("What is 5 + 5?")))


def conversation():
    first = agent.run("What is 5 + 5?", session_id="talk-1")
    second = agent.run("What was my previous question?", session_id="talk-1")
    third = agent.run("What was my previous question?", session_id="talk-2")
    return [shown(each) for each in (first, second, third)]


def continued():
    first = agent.run("What is 5 + 5?")
    return shown(agent.run("What was my previous question?", sessionId=first.data.session_id))


HISTORY = [{"role": "user", "content": "What is 5 + 5?"}, {"role": "assistant", "content": "10"}]
told("session", conversation)
told("session continued", continued)
told("history", lambda: shown(agent.run("What was my previous question?", history=HISTORY)))
told("variables", lambda: shown(agent.run("Tell me about {{topic}}", variables={"topic": "the sea"})))


def by_hand():
    begun = agent.run_async("What is 5 + 5?")
    ended = agent.sync_poll(begun.url)
    return {"begun": shown(begun)["status"], "url": begun.url, "ended": shown(ended), "id": bool(begun.execution_id)}


told("async by hand", by_hand)


def session_object():
    session = aix.Session(agent_id=AGENT)
    session.save()
    first = agent.run(query="What is 5 + 5?", session=session)
    second = agent.run(query="What was my previous question?", session=session)
    said = [(each.role, each.content) for each in session.messages()]
    return {"first": shown(first), "second": shown(second), "messages": said}


told("session object", session_object)
told("failed", lambda: shown(aix.Agent.get(FAILING).run("hi")))
told("unknown", lambda: aix.Agent.get("68f0000000000000000000ff"))
told("no query", lambda: shown(agent.run("")))


def saved():
    mine = aix.Agent(name="Mine", description="One of ours", instructions="Answer briefly.")
    mine.save()
    found = aix.Agent.search("Mine").results
    answer = shown(mine.run("What is 5 + 5?"))
    made = {"id": bool(mine.id), "found": [each.name for each in found], "output": answer["output"]}
    mine.delete()
    return made | {"after": [each.name for each in aix.Agent.search("Mine").results]}


told("saved", saved)


def page(number):
    found = aix.Agent.search("Agent", page_size=2, page_number=number)
    return {"names": [each.name for each in found.results], "total": found.total}


told("search", lambda: [page(0), page(1)])
told.end()
