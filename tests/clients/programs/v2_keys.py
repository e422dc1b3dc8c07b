"""Keys and usage limits by the SDK's client of v2."""

from aixplain import Aixplain
from telling import Told

aix = Aixplain()
told = Told()


def limits(given):
    return [given.request_per_minute, given.request_per_day, given.token_per_minute, given.token_per_day]


def usage(found):
    return [
        {"requests": each.daily_request_count, "limit": each.daily_request_limit, "model": each.model} for each in found
    ]


told("list", lambda: [{"name": each.name, "limits": limits(each.global_limits)} for each in aix.APIKey.list()])
told("usage before", lambda: usage(aix.APIKey.get_usage_limits()))
told("run", lambda: aix.Model.get("695fce4c27b4e3580e43d126").run(text="What is 2 + 2?").data)
told("usage after", lambda: usage(aix.APIKey.get_usage_limits()))

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
    return {"limits": limits(again.global_limits), "usage": usage(key.get_usage())}


def deleted():
    next(each for each in aix.APIKey.list() if each.name == "Ours").delete()
    return [each.name for each in aix.APIKey.list() if each.name == "Ours"]


told("change", changed)
told("delete", deleted)
told.end()
