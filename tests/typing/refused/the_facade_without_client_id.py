from oauth_cc.compat import BackendApplicationClient

BackendApplicationClient()  # refused
