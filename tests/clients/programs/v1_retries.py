"""A model asked for while the service refuses for a while."""

from aixplain.factories import ModelFactory
from telling import Told, timed

told = Told()
told("get", lambda: timed(lambda: ModelFactory.get("695fce4c27b4e3580e43d127").name))
told.end()
