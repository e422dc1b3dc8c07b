"""Names of credentials: which fields, parameters and headers are secret by what they are called."""

from __future__ import annotations

import pytest

from emulator.store.credential_names import (
    names_credential,
    names_credential_header,
    names_credential_parameter,
)


@pytest.mark.parametrize(
    "names",
    [
        "apiKey api-key API_KEY x-goog-api-key accessToken refresh_token client_secret clientSecret webhookSecret",
        "stripe.api.key aws_secret_access_key password db-password passphrase Authorization credentials signing_key",
    ],
)
def test_a_field_that_is_called_like_a_key_names_credential(names: str) -> None:
    assert [name for name in names.split() if not names_credential(name)] == []


@pytest.mark.parametrize(
    "names",
    [
        "max_tokens token tokens input_tokens next_page_token pageToken key keys sort_key monkey idempotency_key",
        "stop_sequence signature secretary author metricsByApiKey",
    ],
)
def test_other_fields_are_not(names: str) -> None:
    assert [name for name in names.split() if names_credential(name, "Hel")] == []


def test_a_field_called_token_is_secret_if_it_holds_one_and_no_piece_of_a_text() -> None:
    assert names_credential("token", "a1" * 12)
    assert not names_credential("token", "internationalization-is-long")
    assert not names_credential("token", 7)


def test_parameters_and_headers_have_names_of_their_own() -> None:
    assert [name for name in ("key", "token", "sig", "X-Amz-Signature") if not names_credential_parameter(name)] == []
    assert [name for name in ("page", "limit", "sort") if names_credential_parameter(name)] == []
    assert [
        name for name in ("x-vault-token", "set-cookie", "x-goog-api-key") if not names_credential_header(name)
    ] == []
    assert [name for name in ("idempotency-key", "content-type", "date") if names_credential_header(name)] == []
