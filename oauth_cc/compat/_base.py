"""
What oauthlib's clients have in common: a mutable object that holds a token and puts it on requests.
"""

import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final, NoReturn, TypeAlias

from oauth_cc.compat._body import Body, append, opened
from oauth_cc.compat._expiry import Expiry, read_expiry
from oauth_cc.compat._placing import AUTH_HEADER, BODY, URI_QUERY, TokenPlacement, with_authorization, with_query
from oauth_cc.compat._randomness import code_challenge, code_verifier
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._token import TokenMembers
from oauth_cc.compat._transport import check_transport

Placed: TypeAlias = tuple[str, MutableMapping[str, str] | None, Body]
"""A request with a token on it: URL, headers, body."""

# Each token type has keywords of its own.
PlacingMethod: TypeAlias = Callable[..., Placed]  # type: ignore[explicit-any]  # keywords differ by token type
"""Puts a token of one type on a request."""

_INHERITING: Final = "Must be implemented by inheriting classes."


class Client:
    """
    What a client holds, and its token: `oauth_cc.compat.BackendApplicationClient` makes one and documents it.
    """

    refresh_token_key: str = "refresh_token"

    # Defaults of the class where the constructor is rarely told otherwise: half of its time was setting them.
    mac_key: str | bytes | None = None
    mac_algorithm: str | None = None
    state: str | None = None
    redirect_url: str | None = None
    code_verifier: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    code: str | None = None
    expires_in: int | None = None
    expires_at: float | str  # there is none until a token brings one
    client_id: str
    default_token_placement: TokenPlacement
    token_type: str
    access_token: str | None
    refresh_token: str | None
    token: MutableMapping[str, object]
    scope: Scopes
    state_generator: Callable[[], str]
    _expires_at: float | None = None
    _before_tokens: tuple[str, str | bytes | None, str | None] | None = None

    @property
    def token_types(self) -> Mapping[str, PlacingMethod]:
        """The token types that `add_token` knows, each with the method that puts such a token on a request."""
        return {"Bearer": self._add_bearer_token, "MAC": self._add_mac_token}

    def prepare_request_uri(self, *args: object, **kwargs: object) -> str:
        """Raises NotImplementedError: this grant has no authorization endpoint."""
        raise NotImplementedError(_INHERITING)

    def parse_request_uri_response(self, *args: object, **kwargs: object) -> Mapping[str, object]:
        """Raises NotImplementedError: this grant has no authorization endpoint."""
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
        Gives URL, headers and body of a request to *uri*, with the token put on it.

        *headers* is changed in place unless empty; *token_placement*: None for the client's default; *kwargs*: what the
        token type asks for (MAC: ``nonce``, ``ext``, ``issue_time``, ``draft``).
        Raises InsecureTransportError for http, TokenExpiredError if the token has ended, ValueError if there is none or
        its type is unknown.

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
            # Imported here because it looks for oauthlib, which only errors need.
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
        # The everyday one first: each call of an API comes here.
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
            **kwargs,  # type: ignore[arg-type]  # nonce, issue_time and draft, which the original takes as any keyword
        )
        return uri, with_authorization(headers, value), body

    def _access_token(self) -> object:
        held: object = self.access_token or self.token.get("access_token")
        return held if isinstance(held, str) else opened(held)

    def create_code_verifier(self, length: int) -> str:
        """Gives a code verifier (RFC 7636), and keeps it. Raises ValueError if *length* is not 43 to 128."""
        self.code_verifier = code_verifier(length)
        return self.code_verifier

    def create_code_challenge(self, code_verifier: str, code_challenge_method: str | None = None) -> str:
        """
        Gives the challenge of *code_verifier* by *code_challenge_method*, ``S256`` or ``plain``, and keeps it; None
        means plain. Raises ValueError for another method.
        """
        if code_verifier is None:  # pyright: ignore[reportUnnecessaryComparison]  # not every caller checks types
            raise ValueError("Invalid code_verifier")
        challenge = code_challenge(code_verifier, code_challenge_method or "plain")
        if code_challenge_method != "S256":
            self.code_challenge_method = "plain"
        self.code_challenge = challenge
        return challenge

    def populate_code_attributes(self, response: Mapping[str, str]) -> None:
        """Sets the attribute *code* if *response* has one."""
        if "code" in response:
            self.code = response.get("code")

    def populate_token_attributes(self, response: Mapping[str, object]) -> None:
        """
        Sets the attributes that the members of a token, *response*, name; the others stay as they are.

        Raises `InvalidResponseError`, a ValueError, if ``expires_in`` is no number.
        """
        self._populate(response, read_expiry(response))

    def _populate(self, response: Mapping[str, object], expiry: Expiry | str) -> None:  # noqa: C901  # a line a member
        if self._before_tokens is None:
            self._before_tokens = (self.token_type, self.mac_key, self.mac_algorithm)
        # Typed as RFC 6749 section 5.1 has them, and kept as they come, as oauthlib does; a cast would cost time.
        members: TokenMembers = response  # type: ignore[assignment]  # kept as they come
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
        # Imported here because only this forgotten name warns.
        from warnings import warn

        warn("Please switch to the public method populate_token_attributes.", DeprecationWarning, stacklevel=2)
        self.populate_token_attributes(response)

    def _forget_token(self) -> None:
        # What the token before said of itself, and only that: a stale expiry would end a fresh token.
        if hasattr(self, "expires_at"):
            del self.expires_at
        self.expires_in = self._expires_at = None
        if self._before_tokens is not None:
            self.token_type, self.mac_key, self.mac_algorithm = self._before_tokens


def _refuse(description: str) -> NoReturn:
    from oauth_cc.compat._errors import InvalidResponseError

    raise InvalidResponseError(description)
