from oauth_cc.authentication import AuthenticationFields

AuthenticationFields(headers=(("X-Api-Key", "k3y"),))  # refused
