"""AI Export's models: the four families, who may see which, filtering and paging."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import ACME, ENTERPRISE, FREE, HAIKU, OPUS, PRO, SONNET, asking, caller, create, refused
from tests.running import Emulated


def models(client: httpx.Client, **query: Any) -> dict[str, dict[str, Any]]:
    return {model["id"]: model for model in client.get("/models", params=query).json()["data"]}


@pytest.mark.parametrize(
    ("id_", "window", "price_in", "price_out"),
    [
        pytest.param(OPUS, 200_000, 15, 75, marks=pytest.mark.claim("AE-MODEL-OPUS")),
        pytest.param(SONNET, 200_000, 3, 15, marks=pytest.mark.claim("AE-MODEL-SONNET")),
        pytest.param(HAIKU, 100_000, 0.25, 1.25, marks=pytest.mark.claim("AE-MODEL-HAIKU")),
    ],
)
def test_the_documents_models_are_as_it_says(
    emulator: Emulated, id_: str, window: int, price_in: float, price_out: float
) -> None:
    model = models(caller(emulator))[id_]
    assert model["context_window"] == window
    assert (model["pricing"]["input"], model["pricing"]["output"]) == (price_in, price_out)
    assert model["vision"] is True
    assert "provenance" not in model, "only who asks with X-Emulator-Provenance is told"


@pytest.mark.claim("AE-MODEL-SONNET")
def test_sonnet_4_alone_is_recommended(emulator: Emulated) -> None:
    assert [id_ for id_, model in models(caller(emulator)).items() if model["recommended"]] == [SONNET]


@pytest.mark.claim("AE-MODEL-FT")
def test_a_fine_tuned_model_inherits_from_its_base_and_costs_one_and_five_more(emulator: Emulated) -> None:
    known = models(caller(emulator, ENTERPRISE))
    tuned = [model for model in known.values() if model["family"] == "fine-tuned"]
    assert {model["vision"] for model in tuned} == {True, False}
    for model in tuned:
        base = known[model["base_model"]]
        assert model["id"].startswith(f"ft-{model['workspace']}-")
        assert model["context_window"] == base["context_window"]
        assert model["vision"] == base["vision"]
        assert model["pricing"]["input"] == base["pricing"]["input"] + 1
        assert model["pricing"]["output"] == base["pricing"]["output"] + 5


@pytest.mark.claim("AE-MODEL-14")
def test_there_are_14_models_in_4_families_and_the_unnamed_are_marked_invented(emulator: Emulated) -> None:
    client = caller(emulator, ENTERPRISE)
    client.headers["X-Emulator-Provenance"] = "1"
    known = models(client)
    assert len(known) == 14
    assert {model["family"] for model in known.values()} == {"opus", "sonnet", "haiku", "fine-tuned"}
    assert {id_ for id_, model in known.items() if model["provenance"] == "documented"} == {OPUS, SONNET, HAIKU}
    assert Counter(model["provenance"] for model in known.values())["invented"] == 11


@pytest.mark.claim("AE-MODELS-ROUTE")
@pytest.mark.claim("AE-KEY-WORKSPACE")
@pytest.mark.parametrize(
    ("key", "families"),
    [
        (FREE, {"haiku"}),
        (PRO, {"opus", "sonnet", "haiku"}),
        (ENTERPRISE, {"opus", "sonnet", "haiku", "fine-tuned"}),
        (ACME, {"opus", "sonnet", "haiku"}),
    ],
)
def test_a_key_lists_the_models_it_may_see(emulator: Emulated, key: str, families: set[str]) -> None:
    assert {model["family"] for model in models(caller(emulator, key)).values()} == families


@pytest.mark.claim("AE-MODELS-FAMILY")
@pytest.mark.parametrize("family", ["opus", "sonnet", "haiku"])
def test_family_filters(emulator: Emulated, family: str) -> None:
    assert {model["family"] for model in models(caller(emulator), family=family).values()} == {family}


@pytest.mark.claim("AE-MODELS-FAMILY")
@pytest.mark.parametrize("family", ["gpt", "fine-tuned", "", "Opus"])
def test_another_family_is_refused(emulator: Emulated, family: str) -> None:
    refused(caller(emulator).get("/models", params={"family": family}), 400, "invalid_request_error", "family")


@pytest.mark.claim("AE-MODELS-LIMIT")
def test_pages_follow_each_other_without_gap_or_repetition(emulator: Emulated) -> None:
    client = caller(emulator, ENTERPRISE)
    whole = list(models(client))
    found: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = client.get("/models", params=query).json()
        found += [model["id"] for model in page["data"]]
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            break
        assert len(page["data"]) == 4
        query["after"] = page["last_id"]
    assert found == whole


@pytest.mark.claim("AE-MODELS-LIMIT")
def test_an_empty_page_has_no_ends(emulator: Emulated) -> None:
    page = caller(emulator, FREE).get("/models", params={"family": "opus"}).json()
    assert (page["data"], page["has_more"], page["first_id"], page["last_id"]) == ([], False, None, None)


@pytest.mark.claim("AE-MODELS-LIMIT")
@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", ""])
def test_a_limit_outside_1_to_100_is_refused(emulator: Emulated, limit: str) -> None:
    refused(caller(emulator).get("/models", params={"limit": limit}), 400, "invalid_request_error", "limit")


@pytest.mark.claim("AE-MODELS-LIMIT")
def test_100_is_a_page_size_and_an_unknown_cursor_is_not_a_page(emulator: Emulated) -> None:
    client = caller(emulator)
    assert client.get("/models", params={"limit": 100}).status_code == 200
    refused(client.get("/models", params={"after": "apex-nothing"}), 400, "invalid_request_error", "after")


@pytest.mark.claim("AE-MODELS-LIMIT")
@pytest.mark.scenario(str(Path(__file__).with_name("many-models.yaml")))
def test_a_page_has_20_models_when_limit_is_left_out(emulator: Emulated) -> None:
    client = caller(emulator)
    first = client.get("/models").json()
    assert (len(first["data"]), first["has_more"]) == (20, True)
    rest = client.get("/models", params={"after": first["last_id"]}).json()
    assert (len(rest["data"]), rest["has_more"]) == (3, False)


def pages(client: httpx.Client, path: str, cursor: str, end: str, **query: Any) -> list[list[str]]:
    """The ids of every page, as a pager reads them that goes by one cursor; it gives up after 50."""
    found: list[list[str]] = []
    for _ in range(50):
        page = client.get(path, params=query).json()
        found.append([each["id"] for each in page["data"]])
        if not page["has_more"]:
            return found
        query[cursor] = page[end]
    raise AssertionError("it never ends")


@pytest.mark.finding("B12")
@pytest.mark.claim("AE-MODELS-LIMIT")
@pytest.mark.parametrize("path", ["/models", "/batch"])
@pytest.mark.parametrize("cursor", ["after", "after_id"])
def test_a_pager_reads_everything_once_whichever_cursor_it_sends(emulator: Emulated, path: str, cursor: str) -> None:
    client = caller(emulator, ENTERPRISE)
    for _ in range(5):
        create(client, asking())
    whole = [each["id"] for each in client.get(path, params={"limit": 100}).json()["data"]]
    assert len(whole) >= 5
    read = pages(client, path, cursor, "last_id", limit=2)
    assert [id_ for page in read for id_ in page] == whole
    back = pages(client, path, "before_id", "first_id", limit=2, before_id=whole[-1])
    assert [id_ for page in reversed(back) for id_ in page] == whole[:-1]


@pytest.mark.finding("B12")
@pytest.mark.parametrize("path", ["/models", "/batch"])
@pytest.mark.parametrize("cursor", ["starting_after", "cursor", "page_token", "afterid"])
def test_a_pager_with_an_unknown_cursor_ends_and_is_told_why(emulator: Emulated, path: str, cursor: str) -> None:
    client = caller(emulator, ENTERPRISE)
    for _ in range(5):
        create(client, asking())
    assert len(pages(client, path, cursor, "last_id", limit=2)) == 2
    answer = client.get(path, params={cursor: "x"})
    assert answer.headers["x-emulator-hint"] == f"not documented, and ignored: {cursor}"


@pytest.mark.finding("B12")
@pytest.mark.scenario("strict")
@pytest.mark.parametrize("path", ["/models", "/batch"])
def test_strict_refuses_an_unknown_parameter_of_a_list(emulator: Emulated, path: str) -> None:
    refused(caller(emulator).get(path, params={"cursor": "x"}), 400, "invalid_request_error", "cursor")


@pytest.mark.finding("B12")
@pytest.mark.parametrize("path", ["/models", "/batch"])
@pytest.mark.parametrize("cursor", ["after", "after_id", "before_id"])
def test_a_cursor_that_names_nothing_is_refused(emulator: Emulated, path: str, cursor: str) -> None:
    refused(caller(emulator).get(path, params={cursor: "nothing"}), 400, "invalid_request_error", cursor)


@pytest.mark.finding("B12")
@pytest.mark.parametrize("both", [("after_id", "before_id"), ("after", "after_id"), ("after", "before_id")])
def test_only_one_cursor_is_taken(emulator: Emulated, both: tuple[str, str]) -> None:
    answer = caller(emulator).get("/models", params=dict(zip(both, (SONNET, OPUS), strict=True)))
    message = refused(answer, 400, "invalid_request_error", both[1])["message"]
    assert message == f"{both[1]}: give only one of after, after_id and before_id"
