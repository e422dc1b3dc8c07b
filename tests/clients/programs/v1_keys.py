"""Keys and usage limits by the SDK's legacy factories."""

from datetime import UTC, datetime

from aixplain.factories import ModelFactory
from aixplain.factories.api_key_factory import APIKeyFactory
from aixplain.modules.api_key import APIKeyLimits
from telling import Told

told = Told()
MODEL = "695fce4c27b4e3580e43d126"
LIMITS = {"token_per_minute": 100, "token_per_day": 1000, "request_per_minute": 10, "request_per_day": 100}


def limits(given):
    return [given.request_per_minute, given.request_per_day, given.token_per_minute, given.token_per_day]


def usage_of(found):
    """Of the whole key it sets no `model` at all."""
    return [
        [
            each.model.id if hasattr(each, "model") else None,
            each.daily_request_count,
            each.daily_request_limit,
            each.daily_token_count,
            each.daily_token_limit,
        ]
        for each in found
    ]


def usage():
    return usage_of(APIKeyFactory.get_usage_limits())


told("list", lambda: [{"name": each.name, "limits": limits(each.global_limits)} for each in APIKeyFactory.list()])
told("usage before", usage)
told("run", lambda: ModelFactory.get(MODEL).run("What is 2 + 2?").data)
told("usage after", usage)


def made():
    key = APIKeyFactory.create(
        name="Ours",
        budget=5,
        global_limits=APIKeyLimits(**LIMITS),
        asset_limits=[],
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    return {"id": bool(key.id), "limits": limits(key.global_limits)}


def changed():
    key = next(each for each in APIKeyFactory.list() if each.name == "Ours")
    key.set_request_per_minute(20)
    return limits(APIKeyFactory.update(key).global_limits)


def deleted():
    next(each for each in APIKeyFactory.list() if each.name == "Ours").delete()
    return [each.name for each in APIKeyFactory.list() if each.name == "Ours"]


told("create", made)
told("create twice", made)
told("change", changed)
told("delete", deleted)


def limited_for_an_asset():
    """The key that asks is given limits for one model, and asks it."""
    own = next(each for each in APIKeyFactory.list() if each.name != "Ours")
    own.asset_limits = [APIKeyLimits(model=MODEL, **LIMITS)]
    again = APIKeyFactory.update(own)
    ModelFactory.get(MODEL).run("What is 2 + 2?")
    return {
        "limits": [[each.model.id, *limits(each)] for each in again.asset_limits],
        "usage": usage(),
        "of the model": usage_of(APIKeyFactory.get_usage_limits(asset_id=MODEL)),
        "of the key": usage_of(own.get_usage(asset_id=MODEL)),
    }


told("asset", limited_for_an_asset)
told.end()
