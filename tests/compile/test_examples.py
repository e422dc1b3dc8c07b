"""Examples of operations: what they name must be there; and a rule that is `unchecked` goes before the checks."""

from __future__ import annotations

from tests.library import Library, operation


def test_an_example_names_claims_and_operations_that_are_there(library: Library) -> None:
    text = operation(
        """
        examples: [{tries: [«NOWHERE], path: {id: {from: «echo.creat, at: id}}}]
        rules: [{reply: {body: 1}}]
        """
    )
    unknown = library.refused(api=text)
    assert unknown[0].startswith("unknown claim 'NOWHERE'")
    assert unknown[1].startswith("unknown operation 'echo.creat'")


def test_an_example_serves_no_claim(library: Library) -> None:
    claimed = operation("examples: [{tries: [D-ONE]}]\nrules: [{reply: {body: 1}}]")
    api = library.demo("claims: {D-ONE: {class: documented, says: One.}}\n" + claimed)
    assert api.citations == ()


def test_a_rule_is_unchecked_only_when_it_says_so(library: Library) -> None:
    rules = library.echo(operation("rules: [{unchecked: true, reply: {body: 1}}, {reply: {body: 2}}]")).rules.rules
    assert [rule.unchecked for rule in rules] == [True, False]
