"""A model asked for, and run, while the service refuses for a while. Argument: how often a run is tried again."""

import sys
from time import monotonic

from aixplain import Aixplain
from telling import Told

aix = Aixplain()
told = Told()


def timed(ask):
    begun = monotonic()
    found = ask()
    return {"found": found, "seconds": monotonic() - begun}


told("get", lambda: timed(lambda: aix.Model.get("695fce4c27b4e3580e43d126").name))
if len(sys.argv) > 1:
    model = aix.Model.get("695fce4c27b4e3580e43d127")
    told(
        "run",
        lambda: timed(lambda: model.run(text="What is 2 + 2?", run_retries=int(sys.argv[1]), run_retry_wait=0.1).data),
    )
told.end()
