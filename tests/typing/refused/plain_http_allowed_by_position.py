from oauth_cc.settings import from_environment

from_environment("MYAPI_", True)  # refused
