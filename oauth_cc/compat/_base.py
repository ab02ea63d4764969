"""
The part of the client that every grant shares: a mutable object that holds a token and adds it to requests.
"""

import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from oauth_cc.compat._body import Body, append, opened
from oauth_cc.compat._expiry import Expiry, read_expiry
from oauth_cc.compat._placing import AUTH_HEADER, BODY, URI_QUERY, TokenPlacement, with_authorization, with_query
from oauth_cc.compat._randomness import code_challenge, code_verifier
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._token import TokenMembers
from oauth_cc.compat._transport import check_transport

Placed: TypeAlias = tuple[str, MutableMapping[str, str] | None, Body]
"""A request that carries a token: URL, headers, body."""

# Each token type takes different keywords.
PlacingMethod: TypeAlias = Callable[..., Placed]  # type: ignore[explicit-any]  # keywords differ by token type
"""Add a token of one type to a request."""

_INHERITING: Final = "Must be implemented by inheriting classes."


class Client:
    """The state of a client, its token included. `oauth_cc.compat.BackendApplicationClient` is the public subclass."""

    # The attributes with a secret are slots, because programs log vars(client).
    __slots__ = (
        *("__dict__", "__weakref__"),
        *("access_token", "refresh_token", "token", "mac_key", "code", "code_verifier", "_before_tokens"),
    )

    refresh_token_key: str = "refresh_token"

    # Class attributes, because setting rarely used defaults took half of the constructor's time.
    mac_algorithm: str | None = None
    state: str | None = None
    redirect_url: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    expires_in: int | None = None
    expires_at: float | str  # not set until a token has an expiry
    client_id: str
    default_token_placement: TokenPlacement
    token_type: str
    access_token: str | None
    refresh_token: str | None
    mac_key: str | bytes | None
    code_verifier: str | None
    code: str | None
    token: MutableMapping[str, object]
    scope: Scopes
    state_generator: Callable[[], str]
    _expires_at: float | None = None
    _before_tokens: tuple[str, str | bytes | None, str | None] | None

    if not TYPE_CHECKING:
        # Hidden from type checkers, to which a class with __getattr__ seems to have every attribute. The errors of
        # slots name the attribute alone, or the module of the class.

        def __getattr__(self, name: str) -> object:
            raise self._missing(name)

        def __delattr__(self, name: str) -> None:
            try:
                object.__delattr__(self, name)
            except AttributeError:
                raise self._missing(name) from None

        def _missing(self, name: str) -> AttributeError:
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            return AttributeError(text, name=name, obj=self)

    @property
    def token_types(self) -> Mapping[str, PlacingMethod]:
        """The token types that `add_token` supports, each with the method that adds such a token to a request."""
        return {"Bearer": self._add_bearer_token, "MAC": self._add_mac_token}

    def prepare_request_uri(self, *args: object, **kwargs: object) -> str:
        """Raise NotImplementedError for any arguments: this grant has no authorization endpoint."""
        raise NotImplementedError(_INHERITING)

    def parse_request_uri_response(self, *args: object, **kwargs: object) -> Mapping[str, object]:
        """Raise NotImplementedError for any arguments: this grant has no authorization endpoint."""
        raise NotImplementedError(_INHERITING)

    def add_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: Body = None,
        headers: MutableMapping[str, str] | None = None,
        token_placement: TokenPlacement | None = None,
        **kwargs: object,
    ) -> Placed:
        """
        Return URL, headers and body of a request with the token added.

        Args:
            uri: The URL of the request.
            http_method: The method of the request; only MAC tokens sign it.
            body: The form body of the request, or None.
            headers: The headers of the request, changed in place unless empty.
            token_placement: Where the token goes; None means the client's default.
            **kwargs: What the token type needs (MAC: ``nonce``, ``ext``, ``issue_time``, ``draft``).

        Raises:
            InsecureTransportError: If *uri* is not https.
            TokenExpiredError: If the token has expired.
            ValueError: If the client has no token, or does not support its type.

        Example:
            >>> from oauth_cc.compat import BackendApplicationClient
            >>> client = BackendApplicationClient("your_id", access_token="2YotnFZFEjr1zCsicMWpAA")
            >>> client.add_token("https://api.example/things")[1]
            {'Authorization': 'Bearer 2YotnFZFEjr1zCsicMWpAA'}
        """
        check_transport(uri)
        place = self._placing_method()
        if not (self.access_token or self.token.get("access_token")):
            raise ValueError("Missing access token.")
        if self._expires_at and self._expires_at < time.time():
            # Imported here because it imports oauthlib, which only errors need.
            from oauth_cc.compat._errors import TokenExpiredError

            raise TokenExpiredError
        return place(uri, http_method, body, headers, token_placement or self.default_token_placement, **kwargs)

    def _placing_method(self) -> PlacingMethod:
        wanted = self.token_type.lower()
        for name, method in self.token_types.items():
            if name.lower() == wanted:
                return method
        raise ValueError(f"Unsupported token type: {self.token_type}")

    def _add_bearer_token(
        self,
        uri: str,
        http_method: str = "GET",  # noqa: ARG002  # the signature of every such method
        body: Body = None,
        headers: MutableMapping[str, str] | None = None,
        token_placement: TokenPlacement | None = None,
    ) -> Placed:
        # The common case first: each API call runs this method.
        token: object = self.access_token
        if not isinstance(token, str) or not token:
            token = self._access_token()
        if token_placement == AUTH_HEADER:
            return uri, with_authorization(headers, f"Bearer {token}"), body
        if token_placement == URI_QUERY:
            return with_query(uri, [("access_token", token)]), headers, body
        if token_placement == BODY:
            return uri, headers, append(body, [("access_token", token)])
        raise ValueError("Invalid token placement.")

    def _add_mac_token(
        self,
        uri: str,
        http_method: str = "GET",
        body: Body = None,
        headers: MutableMapping[str, str] | None = None,
        token_placement: TokenPlacement | None = AUTH_HEADER,
        ext: str | None = None,
        **kwargs: object,
    ) -> Placed:
        if token_placement != AUTH_HEADER:
            raise ValueError("Invalid token placement.")
        # Imported here because it loads OpenSSL, which bearer tokens do not need.
        from oauth_cc.compat._mac import prepare_mac_header

        value = prepare_mac_header(
            self._access_token(),
            uri,
            self.mac_key,
            http_method,
            body=body,
            ext=ext,
            hash_algorithm=self.mac_algorithm,
            **kwargs,  # type: ignore[arg-type]  # nonce, issue_time, draft: any keyword in the original
        )
        return uri, with_authorization(headers, value), body

    def _access_token(self) -> object:
        held: object = self.access_token or self.token.get("access_token")
        return held if isinstance(held, str) else opened(held)

    def create_code_verifier(self, length: int) -> str:
        """Return a code verifier (RFC 7636) and store it. Raise ValueError if *length* is not 43 to 128."""
        self.code_verifier = code_verifier(length)
        return self.code_verifier

    def create_code_challenge(self, code_verifier: str, code_challenge_method: str | None = None) -> str:
        """
        Return the challenge of a code verifier (RFC 7636) and store it.

        Args:
            code_verifier: The code verifier.
            code_challenge_method: ``S256`` or ``plain``; None means plain.

        Raises:
            ValueError: For another method, or if *code_verifier* is None.
        """
        if code_verifier is None:  # pyright: ignore[reportUnnecessaryComparison]  # not every caller checks types
            raise ValueError("Invalid code_verifier")
        challenge = code_challenge(code_verifier, code_challenge_method or "plain")
        if code_challenge_method != "S256":
            self.code_challenge_method = "plain"
        self.code_challenge = challenge
        return challenge

    def populate_code_attributes(self, response: Mapping[str, str]) -> None:
        """Set the attribute *code* if *response* has one."""
        if "code" in response:
            self.code = response.get("code")

    def populate_token_attributes(self, response: Mapping[str, object]) -> None:
        """
        Set the attributes named by the members of *response*, a token, and leave all other attributes alone.

        Raises:
            InvalidResponseError: If ``expires_in`` is not a number (also a ValueError).
        """
        self._populate(response, read_expiry(response))

    def _populate(self, response: Mapping[str, object], expiry: Expiry | str) -> None:  # noqa: C901  # a line a member
        if self._before_tokens is None:
            self._before_tokens = (self.token_type, self.mac_key, self.mac_algorithm)
        # Typed as RFC 6749 section 5.1 defines them, and stored unchecked, as in oauthlib; a cast would cost time.
        members: TokenMembers = response  # type: ignore[assignment]  # stored unchecked
        if "access_token" in members:
            self.access_token = members.get("access_token")
        if "refresh_token" in members:
            self.refresh_token = members.get("refresh_token")
        if "token_type" in members:
            self.token_type = members.get("token_type", "")
        if isinstance(expiry, str):
            # Tracebacks show local variables, and these hold a token.
            del response, members
            _refuse(expiry)
        if "mac_key" in members:
            self.mac_key = members.get("mac_key")
        if "mac_algorithm" in members:
            self.mac_algorithm = members.get("mac_algorithm")
        expires_in, expires_at, ends_at = expiry
        if expires_in:
            self.expires_in = expires_in
        if expires_at:
            self.expires_at = expires_at
        if ends_at:
            self._expires_at = ends_at

    def _populate_attributes(self, response: Mapping[str, object]) -> None:
        # Imported here because only this deprecated name warns.
        from warnings import warn

        warn("Please switch to the public method populate_token_attributes.", DeprecationWarning, stacklevel=2)
        self.populate_token_attributes(response)

    def _forget_token(self) -> None:
        # Reset only what the last token set: its expiry would expire the new token.
        if hasattr(self, "expires_at"):
            del self.expires_at
        self.expires_in = self._expires_at = None
        if self._before_tokens is not None:
            self.token_type, self.mac_key, self.mac_algorithm = self._before_tokens


def _refuse(description: str) -> NoReturn:
    from oauth_cc.compat._errors import InvalidResponseError

    raise InvalidResponseError(description)
