from oauth_cc.settings import from_environment

_, endpoint = from_environment("MYAPI_")
text: str = endpoint  # refused
