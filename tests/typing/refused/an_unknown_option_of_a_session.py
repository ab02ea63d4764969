from oauth_cc.compat.requests_oauthlib import OAuth2Session

OAuth2Session("your_id", auto_refresh_url="https://as.example/token")  # refused
