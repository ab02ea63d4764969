"""
The requests that the client composes: for a token, for a refresh, for a revocation.
"""

from typing import TypeAlias

from oauth_cc.compat._base import Client
from oauth_cc.compat._body import Body, compose, compose_revocation
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._transport import check_transport
from oauth_cc.secret import Secret

Prepared: TypeAlias = tuple[str, dict[str, str], str]
"""A request to an endpoint of the server: URL, headers, body."""


class ComposingClient(Client):
    """A client that composes requests. `oauth_cc.compat.BackendApplicationClient` is the public subclass."""

    grant_type: str = "client_credentials"

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
            >>> from oauth_cc.compat import BackendApplicationClient
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
            >>> from oauth_cc.compat import BackendApplicationClient
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
        self.state: str | None = state or self.state_generator()
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
            >>> from oauth_cc.compat import BackendApplicationClient
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
            >>> from oauth_cc.compat import BackendApplicationClient
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


def _form_headers() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}
