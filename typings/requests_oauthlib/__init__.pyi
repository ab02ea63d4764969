# Narrow stubs, proven against requests-oauthlib 2.0.0: the names that a client of this grant uses.

from requests_oauthlib.oauth2_auth import OAuth2 as OAuth2
from requests_oauthlib.oauth2_session import OAuth2Session as OAuth2Session
from requests_oauthlib.oauth2_session import TokenUpdated as TokenUpdated
