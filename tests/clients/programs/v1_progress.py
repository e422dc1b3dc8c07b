"""What the SDK's legacy factories print of an agent that is under way."""

from aixplain.factories import AgentFactory
from telling import Told

told = Told()
agent = AgentFactory.get("68f0000000000000000000a2")
told("run", lambda: agent.run("What is 5 + 5?", progress_verbosity="full").data.output)
told.end()
