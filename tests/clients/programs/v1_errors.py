"""Every refusal by the SDK's legacy factories. Arguments: the statuses that a run's text can ask for."""

import sys

from aixplain.factories import AgentFactory, ModelFactory
from telling import Told, status_of

told = Told()
model = ModelFactory.get("695fce4c27b4e3580e43d126")
agent = AgentFactory.get("68f0000000000000000000a1")


def refused(asset, text):
    found = asset.run(text)
    return {"status": status_of(found), "says": found.error_message}


for status in sys.argv[1:]:
    told(status, lambda text=f"answer {status}": refused(model, text))
told("agent", lambda: refused(agent, "answer 429"))
told("revoked key", lambda: ModelFactory.get("695fce4c27b4e3580e43d126", api_key="aix_test_revoked"))
told.end()
