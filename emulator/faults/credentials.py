"""Faults of credentials: a token that dies before its time, a key that is taken back."""

from __future__ import annotations

from typing import ClassVar

from emulator.errors import ApiError
from emulator.faults.base import Family, Fault, FaultContext, Positive, Seconds
from emulator.store.tokens import Tokens, expired


class TokenFault(Fault, frozen=True):
    """What goes wrong with a credential."""

    family: ClassVar[Family] = "token"

    def issue(self, tokens: Tokens, token: str) -> None:
        """A token was made."""


class ExpireToken(TokenFault, frozen=True):
    """The token that is issued, or that the request carries, dies early: `after` a time or `uses`, or at once."""

    name: ClassVar[str] = "expire_token"
    after: Seconds | None = None
    uses: Positive | None = None

    def issue(self, tokens: Tokens, token: str) -> None:
        """The new token has a shorter life than the answer says."""
        tokens.expire(token, self.after, self.uses)

    def refusal(self, context: FaultContext) -> ApiError | None:
        """The token of the request lives on for so long, this use included; without either the request is refused.

        A key does not expire, so it is only this request that it is refused for.
        """
        caller, tokens = context.caller, context.tokens
        if caller is None:
            return None
        if tokens.issued(caller.key):
            tokens.expire(caller.key, self.after, None if self.uses is None else self.uses - 1)
        return expired() if self.after is None and self.uses is None else None


class RevokeKey(TokenFault, frozen=True):
    """The credential that the request carries is refused as a revoked one."""

    name: ClassVar[str] = "revoke_key"

    def refusal(self, context: FaultContext) -> ApiError | None:
        """What a revoked key is told."""
        return (
            None if context.caller is None else ApiError("revoked", f"the key {context.caller.masked} has been revoked")
        )


TOKEN_FAULTS: tuple[type[Fault], ...] = (ExpireToken, RevokeKey)
