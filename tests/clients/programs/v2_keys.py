"""Keys and usage limits by the SDK's client of v2."""

from aixplain import Aixplain
from aixplain.v2.api_key import APIKeyLimits
from telling import Told

aix = Aixplain()
told = Told()
MODEL = "695fce4c27b4e3580e43d126"


def limits(given):
    return [given.request_per_minute, given.request_per_day, given.token_per_minute, given.token_per_day]


def usage_of(found):
    return [
        [each.model, each.daily_request_count, each.daily_request_limit, each.daily_token_count, each.daily_token_limit]
        for each in found
    ]


told("list", lambda: [{"name": each.name, "limits": limits(each.global_limits)} for each in aix.APIKey.list()])
told("usage before", lambda: usage_of(aix.APIKey.get_usage_limits()))
told("run", lambda: aix.Model.get(MODEL).run(text="What is 2 + 2?").data)
told("usage after", lambda: usage_of(aix.APIKey.get_usage_limits()))

NAMED = {"token_per_minute": 100, "token_per_day": 1000, "request_per_minute": 10, "request_per_day": 100}
LIMITS = {"tpm": 100, "tpd": 1000, "rpm": 10, "rpd": 100}


def made():
    key = aix.APIKey.create(name="Ours", budget=5, global_limits=LIMITS, expires_at="2030-01-01T00:00:00Z")
    return {"id": bool(key.id), "key": len(key.key or ""), "limits": limits(key.global_limits)}


told("create", made)
told("create twice", made)


def changed():
    key = next(each for each in aix.APIKey.list() if each.name == "Ours")
    key.set_request_per_minute(20)
    key.save()
    again = next(each for each in aix.APIKey.list() if each.name == "Ours")
    return {"limits": limits(again.global_limits), "usage": usage_of(key.get_usage())}


def deleted():
    next(each for each in aix.APIKey.list() if each.name == "Ours").delete()
    return [each.name for each in aix.APIKey.list() if each.name == "Ours"]


told("change", changed)
told("delete", deleted)


def limited_for_an_asset():
    """The key that asks is given limits for one model, and asks it."""
    own = next(each for each in aix.APIKey.list() if each.name != "Ours")
    own.asset_limits = [APIKeyLimits(model=MODEL, **NAMED)]
    own.save()
    aix.Model.get(MODEL).run(text="What is 2 + 2?")
    again = aix.APIKey.get(own.id)
    return {
        "limits": [[each.model, *limits(each)] for each in again.asset_limits],
        "usage": usage_of(aix.APIKey.get_usage_limits()),
        "of the model": usage_of(aix.APIKey.get_usage_limits(model=MODEL)),
        "of the key": usage_of(own.get_usage(model=MODEL)),
    }


told("asset", limited_for_an_asset)
told.end()
