from oauth_cc.requests import OAuth2Session

OAuth2Session("your_id", origins="https://api.example")  # refused
