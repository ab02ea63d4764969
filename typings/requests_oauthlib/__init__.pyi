# Narrow stubs, proven against requests-oauthlib 2.0.0: the names that the tests of the facade use.

from requests_oauthlib.oauth2_session import OAuth2Session as OAuth2Session
from requests_oauthlib.oauth2_session import TokenUpdated as TokenUpdated
