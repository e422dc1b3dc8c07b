"""What the SDK's client of v2 prints of an agent that is under way."""

from aixplain import Aixplain
from telling import Told

told = Told()
agent = Aixplain().Agent.get("68f0000000000000000000a2")
told("run", lambda: agent.run("What is 5 + 5?", progress_format="logs", progress_verbosity=3).data.output)
told.end()
