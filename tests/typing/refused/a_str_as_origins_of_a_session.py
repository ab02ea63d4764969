from oauth_cc.compat.requests_oauthlib import OAuth2Session

OAuth2Session("your_id", origins="https://api.example")  # refused
