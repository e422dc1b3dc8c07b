"""Every refusal by the SDK's client of v2. Arguments: the statuses that a run's text can ask for."""

import sys
from concurrent.futures import ThreadPoolExecutor

from aixplain import Aixplain
from telling import Told

aix = Aixplain()
told = Told()
model = aix.Model.get("695fce4c27b4e3580e43d126")

# The client before the newest sends a run again that was answered 5xx, and waits: side by side that is short.
with ThreadPoolExecutor(len(sys.argv)) as pool:
    for status in sys.argv[1:]:
        pool.submit(told, status, lambda text=status: model.run(text=f"answer {text}"))
told.end()
