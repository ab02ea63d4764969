"""
oauthlib's client, implemented on the functional core: a mutable object that holds a token.

It composes the requests of `ComposingClient`, reads their responses, and returns the records of the core.
"""

from collections.abc import Callable, Mapping, MutableMapping

from oauth_cc.authentication.credentials import LEFT_OUT, ClientCredentials
from oauth_cc.authentication.methods import ClientAuthentication
from oauth_cc.compat._composing import ComposingClient
from oauth_cc.compat._placing import AUTH_HEADER, TokenPlacement
from oauth_cc.compat._randomness import generate_token
from oauth_cc.compat._response import read_response
from oauth_cc.compat._scopes import Scopes, scope_list
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.errors import InvalidInput
from oauth_cc.request import TokenRequest, token_request
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import DEFAULT_LIFETIME, Token


class BackendApplicationClient(ComposingClient):
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
        self.mac_key = mac_key
        self.code_verifier = code_verifier
        self.code: str | None = None
        self._before_tokens = None
        self.scope = scope
        self.state_generator = state_generator
        if mac_algorithm is not None:
            self.mac_algorithm: str | None = mac_algorithm
        if state is not None:
            self.state: str | None = state
        if redirect_url is not None:
            self.redirect_url: str | None = redirect_url
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
