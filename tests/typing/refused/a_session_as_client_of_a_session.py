import requests

from oauth_cc.compat.requests_oauthlib import OAuth2Session

OAuth2Session(client=requests.Session())  # refused
