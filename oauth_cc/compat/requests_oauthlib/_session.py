"""
The session of requests-oauthlib, for the client credentials grant.
"""

from typing import Unpack

import requests

from oauth_cc._io.requests_hops import origin_of_url
from oauth_cc._io.source import TokenSource
from oauth_cc.compat._errors import TokenExpiredError
from oauth_cc.compat.requests_oauthlib._authentication import raw_basic, revealed
from oauth_cc.compat.requests_oauthlib._calls import CallHook, Placed, placed, prepared
from oauth_cc.compat.requests_oauthlib._fetching import FetchingSession
from oauth_cc.compat.requests_oauthlib._types import (
    Auth,
    CallOptions,
    Data,
    Files,
    Headers,
    ResponseHooks,
    TokenUpdated,
)
from oauth_cc.errors import RenewalTimedOut
from oauth_cc.secret import Secret
from oauth_cc.token import Token


class OAuth2Session(FetchingSession):
    """
    A session with the signatures and the behaviour of requests-oauthlib 2.0.0's class, for the client credentials
    grant.

    After one `fetch_token` the session renews the token by itself: before it expires, and if an API rejects it. The
    token goes to every https or loopback origin that the program calls. A redirect to another origin does not carry it.

    Args:
        client_id: The client identifier.
        client: A `BackendApplicationClient` of oauthlib or of `oauth_cc.compat`. None for a new one.
        auto_refresh_url: Where a token that was not fetched by this session is refreshed when it has expired.
        auto_refresh_kwargs: Further parameters of the refresh request.
        scope: The scope to request if there is no *client*. The granted scope is compared with it.
        redirect_uri: Sent in token requests.
        token: The members of a token that exists already. It is not renewed.
        state: Unused by this grant.
        token_updater: Called with a token that was refreshed at *auto_refresh_url*.
        pkce: Unused by this grant.
        origins: URLs of the origins that get the token. None for every https or loopback origin that is called.

    Raises:
        InvalidInput: *client* is for another grant or is not a client, or *origins* is not a list of URLs.

    Example:
        >>> OAuth2Session("your_id", scope="hello world").authorized
        False
    """

    # requests has other parameters, and so has the original.
    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        data: Data = None,
        headers: Headers | None = None,
        withhold_token: bool = False,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        files: Files = None,
        **kwargs: Unpack[CallOptions],
    ) -> requests.Response:
        """
        Send a call with the token, which is renewed if needed.

        Args:
            method: The HTTP method.
            url: The URL: https, or http to loopback or to one of *origins*.
            data: The body, as in requests.
            headers: The headers.
            withhold_token: Whether to leave the token out.
            client_id: The client identifier for a refresh at *auto_refresh_url*.
            client_secret: Its secret.
            files: As in requests.
            **kwargs: The other arguments of `requests.Session.request`.

        Raises:
            InsecureTransportError: The token must not go to *url*.
            TokenExpiredError: The token has expired, and neither `fetch_token` nor *auto_refresh_url* can renew it.
            TokenUpdated: The token was refreshed, and there is no *token_updater*.
            requests.RequestException: No response arrived.

        Raises the errors of `fetch_token` if the token cannot be renewed.
        """
        self._recipients.check_transport(url)
        # A hook may put the token into the call, so it does not see a call that must not have the token.
        if self.token and not withhold_token and self._admits(prepared(url)):
            for hook in self.compliance_hook["protected_request"]:
                url, headers, data = hook(url, headers, data)
            url = prepared(url)
            if self._admits(url):
                source = self._source
                token = None if source is None else _token_of(source)
                try:
                    text, (url, data, headers) = self._placed(url, method, data, headers)
                except TokenExpiredError:
                    if source is not None:
                        # The source decides, also about a token with a lifetime of 0.
                        vars(self._client)["_expires_at"] = None
                    elif self.auto_refresh_url:
                        self._refresh(self.auto_refresh_url, client_id, client_secret, kwargs)
                    else:
                        raise
                    text, (url, data, headers) = self._placed(url, method, data, headers)
                own = CallHook(text, origin_of_url(url), source, token, self._text)
                kwargs["hooks"] = self._hooks(kwargs.get("hooks"), own)
        del client_secret
        return super().request(method, url, data=data, headers=headers, files=files, **kwargs)  # type: ignore[arg-type]  # as above

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Remove the token from a call that a redirect sends to another origin, as requests calls it."""
        for hook in prepared_request.hooks["response"]:
            if isinstance(hook, CallHook):
                hook.leave(prepared_request)
        super().rebuild_auth(prepared_request, response)

    def _admits(self, url: str) -> bool:
        return self._recipients.admit(origin_of_url(url), f"{self.client_id}")

    def _text(self) -> str:
        return self.access_token or self.token.get("access_token") or ""

    def _placed(self, url: str, method: str, data: Data, headers: Headers | None) -> tuple[str, Placed]:
        while True:
            text = self._text()
            found = placed(self._client, url, method, data, headers)
            # Another thread may have renewed the token meanwhile.
            if text == self._text():
                return text, found

    def _refresh(
        self, url: str, client_id: str | None, client_secret: str | Secret | None, kwargs: CallOptions
    ) -> None:
        auth: Auth | None = kwargs.pop("auth", None)
        if auth is None and client_id and client_secret:
            auth = raw_basic(client_id, revealed(client_secret))
        del client_secret
        token = self.refresh_token(
            url,
            auth=auth,
            timeout=kwargs.get("timeout"),
            verify=kwargs.get("verify"),
            proxies=kwargs.get("proxies"),
        )
        if not self.token_updater:
            raise TokenUpdated(token)
        self.token_updater(token)

    def _hooks(self, given: ResponseHooks | None, own: CallHook) -> ResponseHooks:
        # requests leaves the hooks of the session out if the call has hooks.
        hooks = given if given and given.get("response") != [] else self.hooks
        responding = hooks.get("response", ())
        return {**hooks, "response": [own, *([responding] if callable(responding) else responding)]}


def _token_of(source: TokenSource) -> Token:
    try:
        return source.token()
    except RenewalTimedOut as error:
        # A program expects the errors of requests.
        raise requests.Timeout(str(error)) from None
