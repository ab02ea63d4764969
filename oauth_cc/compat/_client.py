"""
oauthlib's client, implemented on the functional core: a mutable object that holds a token.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import TypeAlias

from oauth_cc.authentication.credentials import LEFT_OUT, ClientCredentials
from oauth_cc.authentication.methods import ClientAuthentication
from oauth_cc.compat._base import Client
from oauth_cc.compat._body import Body, compose, compose_revocation
from oauth_cc.compat._placing import AUTH_HEADER, TokenPlacement
from oauth_cc.compat._randomness import generate_token
from oauth_cc.compat._response import read_response
from oauth_cc.compat._scopes import Scopes, scope_list
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.compat._transport import check_transport
from oauth_cc.errors import InvalidInput
from oauth_cc.request import TokenRequest, token_request
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import DEFAULT_LIFETIME, Token

Prepared: TypeAlias = tuple[str, dict[str, str], str]
"""A request to an endpoint of the server: URL, headers, body."""


class BackendApplicationClient(Client):
    """
    A client of the client credentials grant, with the signatures and the behaviour of oauthlib 4.0.1's class.

    oauthlib is not required, and an instance is not an instance of oauthlib's class. `credentials`, `to_request` and
    `to_token` return the records of the core.

    Args:
        client_id: The client identifier.
        default_token_placement: Where `add_token` puts the token: ``auth_header``, ``query`` or ``body``.
        token_type: The type of *access_token*.
        access_token: A token that exists already.
        refresh_token: Its refresh token.
        mac_key: The key of a MAC token.
        mac_algorithm: The algorithm of a MAC token: ``hmac-sha-1`` or ``hmac-sha-256``.
        token: The members of a token that exists already; they override the five arguments above.
        scope: The scope to request where a call names none.
        state: Unused by this grant.
        redirect_url: Unused by this grant.
        state_generator: Unused by this grant.
        code_verifier: Unused by this grant.
        code_challenge: Unused by this grant.
        code_challenge_method: Unused by this grant.
        **kwargs: Ignored, ``client_secret`` included.

    Raises:
        InvalidResponseError: If ``expires_in`` of *token* is not a number (also a ValueError).

    Example:
        >>> client = BackendApplicationClient('your_id')
        >>> client.prepare_request_body(scope=['hello', 'world'])
        'grant_type=client_credentials&scope=hello+world'
    """

    grant_type: str = "client_credentials"

    def __init__(
        self,
        client_id: str,
        default_token_placement: TokenPlacement = AUTH_HEADER,
        token_type: str = "Bearer",  # noqa: S107  # a name, not a token
        access_token: str | None = None,
        refresh_token: str | None = None,
        mac_key: str | bytes | None = None,
        mac_algorithm: str | None = None,
        token: Mapping[str, object] | None = None,
        scope: Scopes = None,
        state: str | None = None,
        redirect_url: str | None = None,
        state_generator: Callable[[], str] = generate_token,
        code_verifier: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        **kwargs: object,  # noqa: ARG002  # ignored, as in oauthlib
    ) -> None:
        self.client_id = client_id
        self.default_token_placement: TokenPlacement = default_token_placement
        self.token_type = token_type
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.scope = scope
        self.state_generator = state_generator
        if mac_key is not None:
            self.mac_key: str | bytes | None = mac_key
        if mac_algorithm is not None:
            self.mac_algorithm: str | None = mac_algorithm
        if state is not None:
            self.state: str | None = state
        if redirect_url is not None:
            self.redirect_url: str | None = redirect_url
        if code_verifier is not None:
            self.code_verifier: str | None = code_verifier
        if code_challenge is not None:
            self.code_challenge: str | None = code_challenge
        if code_challenge_method is not None:
            self.code_challenge_method: str | None = code_challenge_method
        # A client without a token has nothing to populate, but a subclass may override the call.
        if token or type(self) is not BackendApplicationClient:
            # Typed as mutable, because callers change it, and stored without a copy, as in oauthlib.
            self.token: MutableMapping[str, object] = token or {}  # type: ignore[assignment]  # stored without a copy
            self.populate_token_attributes(self.token)
        else:
            self.token = {}

    def prepare_request_body(
        self, body: Body = "", scope: Scopes = None, include_client_id: bool = False, **kwargs: object
    ) -> str:
        """
        Return the body of a token request (RFC 6749 section 4.4.2).

        Args:
            body: An existing form body to embed.
            scope: The scope to request; None means the constructor's scope.
            include_client_id: Whether client_id is in the body.
            **kwargs: Further parameters, left out if falsy, such as ``client_secret`` as text or a `Secret`. A list or
                tuple is sent once per element.

        Raises:
            ValueError: For a scope that is not a str, tuple, set or list.

        Example:
            >>> client = BackendApplicationClient("your_id")
            >>> client.prepare_request_body(body="x=1", include_client_id=True, audience="api")
            'x=1&grant_type=client_credentials&client_id=your_id&audience=api'
        """
        client_id = self.client_id if include_client_id else None
        return compose(self.grant_type, body, self.scope if scope is None else scope, client_id, kwargs)

    def prepare_refresh_body(
        self, body: Body = "", refresh_token: str | None = None, scope: Scopes = None, **kwargs: object
    ) -> str:
        """
        Return the body of a refresh request (RFC 6749 section 6).

        Args:
            body: An existing form body to embed.
            refresh_token: The refresh token; None means the client's.
            scope: The scope to request; None means the constructor's scope.
            **kwargs: Further parameters, as in `prepare_request_body`. The body names a client_id only if it is one of
                them.

        Raises:
            ValueError: For a scope that is not a str, tuple, set or list.

        Example:
            >>> BackendApplicationClient("your_id", refresh_token="tGzv3JOkF0XG5Qx2TlKWIA").prepare_refresh_body()
            'grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA'
        """
        client_id = kwargs.get("client_id") if kwargs.get("include_client_id", True) else None
        extras = {"refresh_token": refresh_token or self.refresh_token, **kwargs}
        return compose(self.refresh_token_key, body, self.scope if scope is None else scope, client_id, extras)

    def prepare_authorization_request(
        self,
        authorization_url: str,
        state: str | None = None,
        redirect_url: str | None = None,
        scope: Scopes = None,
        **kwargs: object,
    ) -> Prepared:
        """
        Return URL, headers and body of an authorization request, for a subclass that defines `prepare_request_uri`.

        Args:
            authorization_url: The authorization endpoint.
            state: The state; None draws one from *state_generator*.
            redirect_url: The redirect URI; None means the client's.
            scope: The scope to request; None means the constructor's scope.
            **kwargs: Further arguments of `prepare_request_uri`.

        Raises:
            InsecureTransportError: If *authorization_url* is not https.
            NotImplementedError: In this class, which has no authorization endpoint.
        """
        check_transport(authorization_url)
        self.state = state or self.state_generator()
        self.redirect_url = redirect_url or self.redirect_url
        requested = self.scope if scope is None else scope
        url = self.prepare_request_uri(
            authorization_url, redirect_uri=self.redirect_url, scope=requested, state=self.state, **kwargs
        )
        return url, _form_headers(), ""

    def prepare_token_request(
        self,
        token_url: str,
        authorization_response: str | None = None,
        redirect_url: str | None = None,
        state: str | None = None,
        body: Body = "",
        *,
        scope: Scopes = None,
        include_client_id: bool | None = None,
        **kwargs: object,
    ) -> Prepared:
        """
        Return URL, headers and body of a token request.

        Args:
            token_url: The token endpoint.
            authorization_response: For subclasses.
            redirect_url: Stored, and sent as redirect_uri from now on.
            state: For subclasses.
            body: An existing form body to embed.
            scope: The scope to request; None means the constructor's scope.
            include_client_id: Whether client_id is in the body.
            **kwargs: Further parameters, as in `prepare_request_body`.

        Raises:
            InsecureTransportError: If *token_url* is not https.
            ValueError: If *token_url* contains a space or a control character.

        Example:
            >>> BackendApplicationClient("your_id").prepare_token_request("https://as.example/token", scope="a")[2]
            'grant_type=client_credentials&scope=a'
        """
        check_transport(token_url)
        if authorization_response:
            self.parse_request_uri_response(authorization_response, state=state or self.state)
        self.redirect_url = redirect_url or self.redirect_url
        # An omitted argument is not passed on, as in oauthlib: a subclass may have a different default.
        given = {"scope": scope, "include_client_id": include_client_id}
        kwargs |= {name: value for name, value in given.items() if value is not None}
        # No checker sees which keyword is which.
        text = self.prepare_request_body(body=body, redirect_uri=self.redirect_url, **kwargs)  # type: ignore[arg-type]
        return token_url, _form_headers(), text

    def prepare_refresh_token_request(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: Body = "",
        scope: Scopes = None,
        **kwargs: object,
    ) -> Prepared:
        """
        Return URL, headers and body of a refresh request.

        Args:
            token_url: The token endpoint.
            refresh_token: The refresh token; None means the client's.
            body: An existing form body to embed.
            scope: The scope to request; None means the constructor's scope.
            **kwargs: Further parameters, as in `prepare_refresh_body`.

        Raises:
            InsecureTransportError: If *token_url* is not https.
            ValueError: If *token_url* contains a space or a control character.
        """
        check_transport(token_url)
        requested = self.scope if scope is None else scope
        composed = self.prepare_refresh_body(body=body, refresh_token=refresh_token, scope=requested, **kwargs)
        return token_url, _form_headers(), composed

    def prepare_token_revocation_request(
        self,
        revocation_url: str,
        token: str | Secret,
        token_type_hint: str | None = "access_token",  # noqa: S107  # a name, not a token
        body: Body = "",
        **kwargs: object,
    ) -> Prepared:
        """
        Return URL, headers and body of a revocation request (RFC 7009 section 2.1).

        Args:
            revocation_url: The revocation endpoint.
            token: The token to revoke.
            token_type_hint: The type of the token; None leaves it out.
            body: An existing form body to embed.
            **kwargs: Further parameters, as in `prepare_request_body`.

        Raises:
            InsecureTransportError: If *revocation_url* is not https.
            TypeError: For a keyword ``callback`` or ``url``.
            ValueError: If *revocation_url* contains a space or a control character.

        Example:
            >>> client = BackendApplicationClient("your_id")
            >>> client.prepare_token_revocation_request("https://as.example/revoke", "2YotnFZFEjr1zCsicMWpAA")[2]
            'token=2YotnFZFEjr1zCsicMWpAA&token_type_hint=access_token'
        """
        check_transport(revocation_url)
        if "callback" in kwargs:
            raise TypeError("prepare_token_revocation_request() got an unexpected keyword argument 'callback'")
        if "url" in kwargs:
            raise TypeError("prepare_token_revocation_request() got multiple values for argument 'url'")
        return revocation_url, _form_headers(), compose_revocation(token, token_type_hint, body, kwargs)

    def parse_request_body_response(
        self, body: str | bytes | bytearray, scope: Scopes = None, **kwargs: object
    ) -> OAuth2Token:
        """
        Return the token in a token response and store it. A response that raises changes nothing.

        Args:
            body: The body of the response.
            scope: The scope that was requested; None means the constructor's scope.
            **kwargs: Ignored.

        Raises:
            OAuth2Error: The error that the server names, or the fault of the response.
            Warning: If the scope has changed and ``OAUTHLIB_RELAX_TOKEN_SCOPE`` is not set, with attributes ``token``,
                ``old_scope`` and ``new_scope``.

        Example:
            >>> client = BackendApplicationClient("your_id")
            >>> token = client.parse_request_body_response('{"access_token": "2YotnFZFEjr1zCsicMWpAA"}')
            >>> token["access_token"] == client.access_token
            True
        """
        found = read_response(body, self.scope if scope is None else scope)
        # Tracebacks show local variables, and these may hold a token.
        del body, kwargs
        if isinstance(found, Exception):
            raise found
        token, expiry = found
        self._forget_token()
        self.token = token
        if type(self) is not BackendApplicationClient:
            self.populate_token_attributes(token)
        self._populate(token, expiry)
        return token

    def credentials(self, authentication: str | Secret | ClientAuthentication = LEFT_OUT) -> ClientCredentials:
        """
        Return the client as a record of the core.

        Args:
            authentication: As for `ClientCredentials`: the secret as text, which this client does not hold, or a client
                authentication method.

        Raises:
            InvalidInput: If `ClientCredentials` rejects the client_id or *authentication*.

        Example:
            >>> BackendApplicationClient("your_id").credentials("s3cret").client_id
            'your_id'
        """
        return ClientCredentials(self.client_id, authentication)

    def to_request(
        self, authentication: str | Secret | ClientAuthentication = LEFT_OUT, *, scope: Scopes = None
    ) -> TokenRequest:
        """
        Return the token request of `prepare_request_body` as a record of the core, to compose, send and renew.

        Args:
            authentication: As in `credentials`.
            scope: The scope to request; None means the constructor's scope.

        Raises:
            InvalidInput: For a scope outside the grammar of RFC 6749 section 3.3, and as `credentials` does.

        Example:
            >>> BackendApplicationClient("your_id", scope=["hello", "world"]).to_request("s3cret").scope
            Scope.of('hello', 'world')
        """
        return token_request(self.credentials(authentication), _scope(self.scope if scope is None else scope))

    def to_token(self, *, received_at: float) -> Token:
        """
        Return the client's token as a record of the core.

        Args:
            received_at: When the token was received, in POSIX seconds. A token without an expiry expires
                `DEFAULT_LIFETIME` seconds later.

        Raises:
            InvalidInput: If the client has no token, or its type is not Bearer.

        Example:
            >>> client = BackendApplicationClient("your_id", token={"access_token": "2YotnFZFEjr1zCsicMWpAA"})
            >>> client.to_token(received_at=1700000000.0).access_token
            Secret('***')
        """
        held = self._access_token()
        if not isinstance(held, str):
            raise InvalidInput("access_token", "no access_token in this client; parse a token response first")
        if self.token_type.lower() != "bearer":
            raise InvalidInput("token_type", "token_type must be Bearer; the core does not support MAC tokens")
        requested = _scope(self.scope)
        granted = _scope(scope_list(self.token.get("scope"))) or requested
        unknown = self._expires_at is None
        end = received_at + DEFAULT_LIFETIME if self._expires_at is None else self._expires_at
        return Token(Secret(held), "Bearer", received_at, end, granted, requested, lifetime_assumed=unknown)


def _scope(scope: Scopes) -> Scope:
    return Scope(tuple([token for token in scope_list(scope) or () if token]))


def _form_headers() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}
