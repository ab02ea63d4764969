from oauth_cc.compat.requests_oauthlib import OAuth2Session

OAuth2Session("your_id", leeway=5)  # refused
