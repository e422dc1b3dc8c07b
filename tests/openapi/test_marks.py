"""Marks of API files become extensions of OpenAPI."""

from __future__ import annotations

from emulator.openapi.marks import marks, schema
from emulator.playbook.model import ClaimPlan

CLAIMS = {"A-1": ClaimPlan("documented", "One."), "A-2": ClaimPlan("inferred", "Two.")}


def test_the_class_is_the_worst_of_the_claims_and_the_parts_own() -> None:
    assert marks(["A-1", "A-2", "A-1"], None, CLAIMS) == {
        "x-emulator-claims": ["A-1", "A-2"],
        "x-emulator-provenance": "inferred",
    }
    assert marks(["A-1"], "invented", CLAIMS)["x-emulator-provenance"] == "invented"
    assert marks([], None, CLAIMS) == {}


def test_a_field_that_is_called_like_a_mark_is_a_field() -> None:
    own = {"properties": {"class": {"type": "string", "claims": ["A-1"]}}, "$ref": "#/schemas/Url"}
    assert schema(own, CLAIMS) == {
        "properties": {
            "class": {"type": "string", "x-emulator-claims": ["A-1"], "x-emulator-provenance": "documented"}
        },
        "$ref": "#/components/schemas/Url",
    }


def test_null_as_a_default_is_what_is_left_out() -> None:
    assert schema({"type": "string", "default": None}, CLAIMS) == {"type": "string"}
