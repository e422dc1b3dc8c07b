"""Faults of credentials: a token that dies before its time, a key that is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from emulator.errors import ApiError
from emulator.serving.expiry import condemn, expired, token_collections
from emulator.serving.fault.fault import Family, Fault
from emulator.serving.fault.parameter import Positive, Seconds

if TYPE_CHECKING:
    from emulator.serving.scope import Scope
    from emulator.serving.site import Site


class TokenFault(Fault, frozen=True):
    """What goes wrong with a credential."""

    family: ClassVar[Family] = "token"

    def issue(self, site: Site, token: str) -> None:
        """A token was made."""


class ExpireToken(TokenFault, frozen=True):
    """The token that is issued, or that the request carries, dies early: `after` a time or `uses`, or at once."""

    name: ClassVar[str] = "expire_token"
    after: Seconds | None = None
    uses: Positive | None = None

    def issue(self, site: Site, token: str) -> None:
        """The new token has a shorter life than the answer says."""
        condemn(site, token, self.after, self.uses)

    def refusal(self, scope: Scope) -> ApiError | None:
        """The token of the request lives on for so long, this use included; without either the request is refused.

        A key does not expire, so it is only this request that it is refused for.
        """
        site, caller = scope.site, scope.caller
        if caller is None:
            return None
        if any(caller.key in site.records[collection] for collection in token_collections(site)):
            condemn(site, caller.key, self.after, None if self.uses is None else self.uses - 1)
        return expired() if self.after is None and self.uses is None else None


class RevokeKey(TokenFault, frozen=True):
    """The credential that the request carries is refused as a revoked one."""

    name: ClassVar[str] = "revoke_key"

    def refusal(self, scope: Scope) -> ApiError | None:
        """What a revoked key is told."""
        return None if scope.caller is None else ApiError("revoked", f"the key {scope.caller.masked} has been revoked")


TOKEN_FAULTS: tuple[type[Fault], ...] = (ExpireToken, RevokeKey)
