from oauthlib.oauth2.rfc6749.clients.backend_application import BackendApplicationClient as BackendApplicationClient
from oauthlib.oauth2.rfc6749.clients.base import AUTH_HEADER as AUTH_HEADER
from oauthlib.oauth2.rfc6749.clients.base import BODY as BODY
from oauthlib.oauth2.rfc6749.clients.base import URI_QUERY as URI_QUERY
from oauthlib.oauth2.rfc6749.clients.base import Client as Client
