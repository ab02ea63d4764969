"""
The two methods of the session that request a token.
"""

import time
from collections.abc import Mapping

from oauth_cc._io.log import LOGGER
from oauth_cc._io.requests_hops import origin_of_url
from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc.compat._body import opened
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.compat.requests_oauthlib._asked import FORM_HEADERS, Asked, asked_for
from oauth_cc.compat.requests_oauthlib._authentication import as_auth, raw_basic, revealed
from oauth_cc.compat.requests_oauthlib._calls import prepared
from oauth_cc.compat.requests_oauthlib._exchange import send, token_in
from oauth_cc.compat.requests_oauthlib._renewal import renewing
from oauth_cc.compat.requests_oauthlib._state import SessionState
from oauth_cc.compat.requests_oauthlib._types import Auth, HookName, Timeout
from oauth_cc.endpoint import Endpoint
from oauth_cc.secret import Secret


class FetchingSession(SessionState):
    """A session that can request tokens. `OAuth2Session` is the public subclass."""

    def fetch_token(
        self,
        token_url: str | Endpoint,
        code: str | None = None,
        authorization_response: str | None = None,
        body: str = "",
        auth: Auth | None = None,
        username: str | None = None,
        password: str | Secret | None = None,
        method: str = "POST",
        force_querystring: bool = False,
        timeout: Timeout | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        include_client_id: bool | None = None,
        client_secret: str | Secret | None = None,
        cert: str | tuple[str, str] | None = None,
        **kwargs: object,
    ) -> OAuth2Token:
        """
        Fetch a token, send it with every call from now on, and return its members.

        Args:
            token_url: The token endpoint; ``Endpoint(url, allow_http=True)`` for plain http beyond loopback.
            code: Sent as it is.
            authorization_response: Rejected.
            body: Form text to embed in the body.
            auth: What authenticates the client, as in requests. ``ClientSecretBasic(secret)`` percent-encodes client_id
                and secret (RFC 6749 section 2.3.1).
            username: Sent as it is.
            password: Sent as it is.
            method: ``POST`` or ``GET``. With ``GET`` the form is in the URL, and must not have a secret.
            force_querystring: Whether the form is in the URL, and must not have a secret.
            timeout: Seconds, or a pair of seconds to connect and to read; None for the default of oauth_cc.
            headers: The headers, in place of Accept and Content-Type.
            verify: As in requests; None for the session's.
            proxies: As in requests; None for the session's.
            include_client_id: Whether client_id is in the body, and *client_secret* too, instead of HTTP Basic.
            client_secret: The client secret, sent by HTTP Basic without encoding.
            cert: As in requests; None for the session's.
            **kwargs: Further parameters of the body, such as ``audience`` or ``scope``.

        Raises:
            OAuth2Error: The server rejects the request, or its response is not a token.
            Warning: The scope has changed, as in `BackendApplicationClient.parse_request_body_response`.
            requests.RequestException: No response arrived.
            InvalidInput: A secret would be in a URL, or requests cannot use *auth*.
            NotImplementedError: *authorization_response* is passed.
        """
        url = self._recipients.token_url(token_url)
        if authorization_response and not code:
            self.token_from_fragment("")
        if auth is None and include_client_id is not True and self.client_id:
            auth = raw_basic(self.client_id, revealed(client_secret or ""))
        elif auth is not None and include_client_id is None:
            include_client_id = False
        given = {"username": username, "password": password}
        given["client_secret"] = client_secret if include_client_id else None
        kwargs |= {name: value for name, value in given.items() if value is not None}
        text = self._body(
            code=code, body=body, redirect_uri=self.redirect_uri, include_client_id=include_client_id, **kwargs
        )
        asked = asked_for(
            text,
            Asked(url, headers or FORM_HEADERS, {}, method, None, timeout, verify, proxies, cert),
            as_auth(auth, self.client_id),
            in_query=force_querystring,
        )
        # Tracebacks show local variables, and each of these may hold a secret.
        del code, body, auth, username, password, headers, client_secret, kwargs, given, text
        if isinstance(asked, Exception):
            raise asked
        began = time.monotonic()
        outcome = self._obtained(asked)
        if isinstance(outcome, Exception):
            self.token = {}
            raise outcome
        self._source = renewing(
            self._client,
            origin_of_url(prepared(asked.url)),
            outcome,
            lambda: self._obtained(asked),
            timeout=sum(asked.timeouts),
            seconds=time.monotonic() - began,
        )
        LOGGER.debug(
            "this session renews its token; TokenExpiredError, auto_refresh_url and token_updater are not used"
        )
        return outcome

    def refresh_token(
        self,
        token_url: str | Endpoint,
        refresh_token: str | Secret | None = None,
        body: str = "",
        auth: Auth | None = None,
        timeout: Timeout | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        **kwargs: object,
    ) -> OAuth2Token:
        """
        Fetch a token with a refresh token, which few servers issue for this grant (RFC 6749 section 4.4.3).

        The token is sent with every call from now on. It is not renewed: call `fetch_token` for that.

        Args:
            token_url: The token endpoint, as in `fetch_token`.
            refresh_token: The refresh token; None for the one in the token.
            body: Form text to embed in the body.
            auth: What authenticates the client, as in `fetch_token`.
            timeout: As in `fetch_token`.
            headers: The headers, in place of Accept and Content-Type.
            verify: As in requests; None for the session's.
            proxies: As in requests; None for the session's.
            **kwargs: Further parameters of the body.

        Raises the errors of `fetch_token`.
        """
        if not token_url:
            raise ValueError("no token_url; pass the token endpoint")
        url = self._recipients.token_url(token_url)
        held = opened(refresh_token or self.token.get("refresh_token"))
        kwargs = {name: opened(value) for name, value in {**kwargs, **self.auto_refresh_kwargs}.items()}
        text = self._client.prepare_refresh_body(body=body, refresh_token=held, scope=self.scope, **kwargs)
        proof = as_auth(auth, self.client_id)
        fields = dict(FORM_HEADERS if headers is None else headers)
        for hook in self.compliance_hook["refresh_token_request"]:
            url, fields, text = hook(url, fields, text)
        asked = asked_for(text, Asked(url, fields, {}, "POST", None, timeout, verify, proxies), proof)
        del refresh_token, body, auth, headers, kwargs, text, proof, fields
        outcome = asked if isinstance(asked, Exception) else self._read(asked, "refresh_token_response")
        if isinstance(outcome, Exception):
            # Tracebacks show local variables.
            del held
            raise outcome
        self.token = outcome
        outcome.setdefault("refresh_token", held)
        return outcome

    def _body(self, **given: object) -> str | Exception:
        try:
            return self._client.prepare_request_body(**{name: opened(value) for name, value in given.items()})
        except (TypeError, ValueError) as error:
            return strip_tracebacks(error)

    def _obtained(self, asked: Asked) -> OAuth2Token | Exception:
        for hook in self.compliance_hook["access_token_request"]:
            asked = asked.changed_by(hook)
        return self._read(asked, "access_token_response")

    def _read(self, asked: Asked, hooks: HookName) -> OAuth2Token | Exception:
        response = send(self.request, asked, self.headers.get("User-Agent"))
        if isinstance(response, Exception):
            return response
        for hook in self.compliance_hook[hooks]:
            response = hook(response)
        return token_in(response, self._client, self.scope, asked.auth)
