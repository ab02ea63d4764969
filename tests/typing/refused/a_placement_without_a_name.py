from oauth_cc import Placement

Placement(None)  # refused
