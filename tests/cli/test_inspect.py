"""What the command line tells of a playbook."""

from __future__ import annotations

from emulator.cli.inspect import coverage_lines, route_lines
from tests.library import Library, api

CLAIMS = """\
claims:
  D-ONE: {class: documented, says: One.}
  D-TWO: {class: invented, says: Two.}
  D-NONE: {class: inferred, says: None.}
hosts: [a.test, b.test]
"""
OPERATIONS = """\
zeta:
  route: GET /zeta/{id}
  aliases: [{route: POST /alpha, host: b.test, claims: [D-TWO]}]
  host: a.test
  claims: [D-ONE]
  rules: [{reply: {body: 1}, claims: [D-ONE]}]
eta: {route: GET /eta, rules: []}
theta: {route: GET /theta, class: inferred, claims: [D-ONE], rules: []}
"""


def test_routes_are_in_columns_by_api_and_path_with_the_class_of_each_and_all_claims_of_the_operation(
    library: Library,
) -> None:
    assert list(route_lines(library.load(api=api(CLAIMS, OPERATIONS)))) == [
        "POST  /alpha      zeta   demo  b.test    invented    D-TWO (invented), D-ONE (documented)",
        "GET   /eta        eta    demo  any host  invented",
        "GET   /theta      theta  demo  any host  inferred    D-ONE (documented)",
        "GET   /zeta/{id}  zeta   demo  a.test    documented  D-TWO (invented), D-ONE (documented)",
    ]


def test_coverage_reports_where_each_claim_is_served_and_how_many_are_not(library: Library) -> None:
    lines, unserved = coverage_lines(library.load(api=api(CLAIMS, OPERATIONS)))
    file = f"{library.folder}/apis/demo.yaml"
    assert unserved == 1
    assert lines == [
        "Demo",
        f"  D-ONE                  documented  zeta {file}:30; zeta {file}:31; theta {file}:33",
        f"  D-TWO                  invented    zeta {file}:28",
        "  D-NONE                 inferred    NOT SERVED",
        "  1 documented, 1 invented, 1 inferred",
        "",
        "2 of 3 claims served",
    ]


def test_an_api_without_claims_is_covered(library: Library) -> None:
    lines, unserved = coverage_lines(library.load(api=api()))
    assert (lines[-1], unserved) == ("0 of 0 claims served", 0)
