"""Every refusal by the SDK's legacy factories. Arguments: the statuses that a run's text can ask for."""

import sys

from aixplain.factories import ModelFactory
from telling import Told

told = Told()
model = ModelFactory.get("695fce4c27b4e3580e43d126")


def refused(text):
    found = model.run(text)
    return {"status": str(getattr(found.status, "value", found.status)), "says": found.error_message}


for status in sys.argv[1:]:
    told(status, lambda text=f"answer {status}": refused(text))
told.end()
