from oauth_cc.settings import from_environment

from_environment()  # refused
