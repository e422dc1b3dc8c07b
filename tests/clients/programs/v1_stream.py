"""A model's stream by the SDK's legacy factories."""

from aixplain.factories import ModelFactory
from telling import Told

told = Told()


def streamed():
    model = ModelFactory.get("695fce4c27b4e3580e43d126")
    chunks = list(model.run("What are the colours of the rainbow?", stream=True))
    return {"text": "".join(str(chunk.data) for chunk in chunks), "last": chunks[-1].status.value}


told("streamed", streamed)
told.end()
