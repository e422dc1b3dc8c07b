"""Every refusal by the SDK's client of v2. Arguments: the statuses that a run's text can ask for."""

import sys
from concurrent.futures import ThreadPoolExecutor

from aixplain import Aixplain
from telling import Told

aix = Aixplain()
told = Told()
model = aix.Model.get("695fce4c27b4e3580e43d126")
agent = aix.Agent.get("68f0000000000000000000a1")


def streamed():
    with model.run_stream(text="answer 429") as stream:
        return [each.data for each in stream]


# The client before the newest sends a run again that was answered 5xx, and waits: side by side that is short.
with ThreadPoolExecutor(len(sys.argv)) as pool:
    for status in sys.argv[1:]:
        pool.submit(told, status, lambda text=status: model.run(text=f"answer {text}"))
told("agent", lambda: agent.run("answer 429"))
told("stream", streamed)
told("revoked key", lambda: Aixplain(api_key="aix_test_revoked").Model.get("695fce4c27b4e3580e43d126"))
told("poll", lambda: aix.Model.get("695fce4c27b4e3580e43d127").run(text="What is 2 + 2?"))
told.end()
