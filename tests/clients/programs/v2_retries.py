"""A model asked for, and run, while the service refuses for a while."""

from aixplain import Aixplain
from telling import Told, timed

aix = Aixplain()
told = Told()
told("get", lambda: timed(lambda: aix.Model.get("695fce4c27b4e3580e43d127").name))
model = aix.Model.get("695fce4c27b4e3580e43d127")
told("run", lambda: timed(lambda: model.run(text="What is 2 + 2?", run_retries=2, run_retry_wait=0.1).data))
told.end()
