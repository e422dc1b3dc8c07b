"""Failing: an upstream that does not answer, in the API's own words and with what to do about it."""

from __future__ import annotations

import logging

import httpx

from emulator.errors import ApiError
from emulator.record.tape import Tape

LOG = logging.getLogger("emulator")
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504


def unreached(error: httpx.HTTPError, url: httpx.URL, kind: str, tape: Tape) -> ApiError:
    """The error of this kind for the client; the log has it too, and both say how much is recorded."""
    where = f"{url.scheme}://{url.netloc.decode()}"
    LOG.error("the upstream %s does not answer (%s); exchanges kept so far: %d", where, said(error), tape.count)
    hint = f"{_cure(str(error), url.scheme)} Exchanges kept in {tape.path.name} so far: {tape.count}"
    status = GATEWAY_TIMEOUT if isinstance(error, httpx.TimeoutException) else BAD_GATEWAY
    return ApiError(kind, f"The upstream {where} does not answer: {said(error)}.", status=status, hint=hint)


def said(error: httpx.HTTPError) -> str:
    """What went wrong, in words."""
    if isinstance(error, httpx.TimeoutException):
        return "nothing came in time"
    return str(error) or type(error).__name__


def _cure(told: str, scheme: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return "its certificate is not trusted: does SSL_CERT_FILE name its authority?"
    if scheme == "https" and "SSL" in told:
        return "does it speak TLS, or is it http://…?"
    return "is --upstream right, and is it up?"
