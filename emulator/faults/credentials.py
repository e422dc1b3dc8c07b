"""Credential faults: a token that expires early, a key that is revoked."""

from __future__ import annotations

from typing import ClassVar

from emulator.errors import ApiError
from emulator.faults.base import Family, Fault, FaultContext, Positive, Seconds
from emulator.store.tokens import Tokens, expired


class TokenFault(Fault, frozen=True):
    """A fault of a credential."""

    family: ClassVar[Family] = "token"

    def issue(self, tokens: Tokens, token: str) -> None:
        """Called when the request has issued a token."""


class ExpireToken(TokenFault, frozen=True):
    """The token that is issued, or that the request carries, expires early: `after` a time or `uses`, or at once."""

    name: ClassVar[str] = "expire_token"
    after: Seconds | None = None
    uses: Positive | None = None

    def issue(self, tokens: Tokens, token: str) -> None:
        """Gives the new token a shorter life than the response says."""
        tokens.expire(token, self.after, self.uses)

    def refusal(self, context: FaultContext) -> ApiError | None:
        """Shortens the life of the request's token, this use included; without `after` and `uses`, refuses the request.

        A key does not expire: only this request is refused.
        """
        caller, tokens = context.caller, context.tokens
        if caller is None:
            return None
        issued = tokens.issued(caller.key)
        if issued:
            tokens.expire(caller.key, self.after, None if self.uses is None else self.uses - 1)
        if self.after is not None or self.uses is not None:
            return None
        return expired() if issued else ApiError("unknown_key", f"the key {caller.masked} has expired")


class RevokeKey(TokenFault, frozen=True):
    """The credential that the request carries is refused as a revoked one."""

    name: ClassVar[str] = "revoke_key"

    def refusal(self, context: FaultContext) -> ApiError | None:
        """Returns the error for a revoked key."""
        return (
            None if context.caller is None else ApiError("revoked", f"the key {context.caller.masked} has been revoked")
        )


TOKEN_FAULTS: tuple[type[Fault], ...] = (ExpireToken, RevokeKey)
