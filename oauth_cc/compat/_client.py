"""
The client of oauthlib, told anew over the functional core: a mutable object that holds a token.
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
"""A request to a server's endpoint: URL, headers, body."""


class BackendApplicationClient(Client):
    """
    A client of the client credentials grant with the signatures and the behaviour of oauthlib 4.0.1's.

    *client_id*: its identifier; *default_token_placement*: where `add_token` puts the token; *token*: the members of a
    token to begin with, which win over *token_type*, *access_token*, *refresh_token*, *mac_key* and *mac_algorithm*;
    *scope*: what to ask for where a call does not say; the others serve grants that this client is not for. Further
    keywords are taken and dropped, ``client_secret`` among them. Raises `InvalidResponseError`, a ValueError, if
    ``expires_in`` of *token* is no number.

    The class stands alone: oauthlib need not be installed, and ``isinstance`` of its class is False. `credentials`,
    `to_request` and `to_token` lead to the records of the core.

        >>> client = BackendApplicationClient('your_id')
        >>> client.prepare_request_body(scope=['hello', 'world'])
        'grant_type=client_credentials&scope=hello+world'
    """

    grant_type: str = "client_credentials"

    def __init__(
        self,
        client_id: str,
        default_token_placement: TokenPlacement = AUTH_HEADER,
        token_type: str = "Bearer",  # noqa: S107  # a name, no token
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
        **kwargs: object,  # noqa: ARG002  # taken and dropped, as oauthlib does
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
        # A client without token has nothing to populate, but a subclass may wait for the call.
        if token or type(self) is not BackendApplicationClient:
            # Typed as what callers may change, and kept as it comes, as oauthlib does.
            self.token: MutableMapping[str, object] = token or {}  # type: ignore[assignment]  # kept as it comes
            self.populate_token_attributes(self.token)
        else:
            self.token = {}

    def prepare_request_body(
        self, body: Body = "", scope: Scopes = None, include_client_id: bool = False, **kwargs: object
    ) -> str:
        """
        Gives the body of a token request (RFC 6749 section 4.4.2).

        *body*: an existing form body to embed; *scope*: what to ask for, None for that of the constructor;
        *include_client_id*: whether client_id is sent in the body; *kwargs*: further parameters, such as
        ``client_secret``, text or a `Secret`, left out if falsy; a list or tuple is sent once per element. Raises
        ValueError for a scope that is neither str, tuple, set nor list.

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
        Gives the body of a refresh request (RFC 6749 section 6).

        *refresh_token*: None for that of the client; the others as in `prepare_request_body`, but client_id is sent
        only if given as a keyword.

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
        Gives an authorization request, for a subclass that has a `prepare_request_uri`; this class raises its
        NotImplementedError. Raises InsecureTransportError for http.
        """
        check_transport(authorization_url)
        self.state = state or self.state_generator()
        self.redirect_url = redirect_url or self.redirect_url
        asked = self.scope if scope is None else scope
        url = self.prepare_request_uri(
            authorization_url, redirect_uri=self.redirect_url, scope=asked, state=self.state, **kwargs
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
        Gives URL, headers and body of a token request.

        *token_url*: the token endpoint; *redirect_url*: kept, and sent as redirect_uri from then on;
        *authorization_response*: for subclasses; the others as in `prepare_request_body`.
        Raises InsecureTransportError for http, ValueError for a URL with a space or a control character.

            >>> BackendApplicationClient("your_id").prepare_token_request("https://as.example/token", scope="a")[2]
            'grant_type=client_credentials&scope=a'
        """
        check_transport(token_url)
        if authorization_response:
            self.parse_request_uri_response(authorization_response, state=state or self.state)
        self.redirect_url = redirect_url or self.redirect_url
        # What is not given is not handed on, as in oauthlib: a subclass may have defaults of its own.
        given = {"scope": scope, "include_client_id": include_client_id}
        kwargs |= {name: value for name, value in given.items() if value is not None}
        # The checker does not know which keyword is which.
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
        Gives URL, headers and body of a refresh request: as `prepare_token_request`, with `prepare_refresh_body`.
        """
        check_transport(token_url)
        asked = self.scope if scope is None else scope
        composed = self.prepare_refresh_body(body=body, refresh_token=refresh_token, scope=asked, **kwargs)
        return token_url, _form_headers(), composed

    def prepare_token_revocation_request(
        self,
        revocation_url: str,
        token: str | Secret,
        token_type_hint: str | None = "access_token",  # noqa: S107  # a name, no token
        body: Body = "",
        **kwargs: object,
    ) -> Prepared:
        """
        Gives URL, headers and body of a revocation request (RFC 7009 section 2.1).

        *token*: what to revoke; *token_type_hint*: None leaves it out. Raises InsecureTransportError for http,
        TypeError for a keyword ``callback``.

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
        Gives the token that the answer *body* holds, and keeps it; *scope*: what was asked for, None for that of the
        constructor. An answer that raises changes nothing.

        Raises the OAuth2Error that the server names or that says what is wrong; Warning, with attributes ``token``,
        ``old_scope`` and ``new_scope``, if the scope has changed and ``OAUTHLIB_RELAX_TOKEN_SCOPE`` is not set.

            >>> client = BackendApplicationClient("your_id")
            >>> token = client.parse_request_body_response('{"access_token": "2YotnFZFEjr1zCsicMWpAA"}')
            >>> token["access_token"] == client.access_token
            True
        """
        answer = read_response(body, self.scope if scope is None else scope)
        # Tracebacks show local variables, and these may hold a token.
        del body, kwargs
        if isinstance(answer, Exception):
            raise answer
        token, expiry = answer
        self._forget_token()
        self.token = token
        if type(self) is not BackendApplicationClient:
            self.populate_token_attributes(token)
        self._populate(token, expiry)
        return token

    def credentials(self, authentication: str | Secret | ClientAuthentication = LEFT_OUT) -> ClientCredentials:
        """
        Gives the client as a record of the core; *authentication*: as for `ClientCredentials`, a plain text being the
        secret, which this client does not hold. Raises `InvalidInput`.

            >>> BackendApplicationClient("your_id").credentials("s3cret").client_id
            'your_id'
        """
        return ClientCredentials(self.client_id, authentication)

    def to_request(
        self, authentication: str | Secret | ClientAuthentication = LEFT_OUT, *, scope: Scopes = None
    ) -> TokenRequest:
        """
        Gives what `prepare_request_body` writes as a record of the core, to compose, send and renew by its functions.

        *authentication*: as in `credentials`; *scope*: None for that of the constructor. Raises `InvalidInput`:
        `InvalidInput` for a scope outside the grammar of RFC 6749 section 3.3.

            >>> BackendApplicationClient("your_id", scope=["hello", "world"]).to_request("s3cret").scope
            Scope.of('hello', 'world')
        """
        return token_request(self.credentials(authentication), _scope(self.scope if scope is None else scope))

    def to_token(self, *, received_at: float) -> Token:
        """
        Gives the token that the client holds as a record of the core; *received_at*: when it came, POSIX seconds, from
        which a token without expiry is taken to live for `DEFAULT_LIFETIME`. Raises `InvalidInput` if there is none, or
        one of another type than Bearer.

            >>> client = BackendApplicationClient("your_id", token={"access_token": "2YotnFZFEjr1zCsicMWpAA"})
            >>> client.to_token(received_at=1700000000.0).access_token
            Secret('***')
        """
        held = self._access_token()
        if not isinstance(held, str):
            raise InvalidInput("access_token", "the client holds none")
        if self.token_type.lower() != "bearer":
            raise InvalidInput("token_type", "the core knows bearer tokens, and none of the MAC drafts")
        requested = _scope(self.scope)
        granted = _scope(scope_list(self.token.get("scope"))) or requested
        unknown = self._expires_at is None
        end = received_at + DEFAULT_LIFETIME if self._expires_at is None else self._expires_at
        return Token(Secret(held), "Bearer", received_at, end, granted, requested, lifetime_assumed=unknown)


def _scope(scope: Scopes) -> Scope:
    return Scope(tuple([token for token in scope_list(scope) or () if token]))


def _form_headers() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}
