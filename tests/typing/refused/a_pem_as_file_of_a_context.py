from oauth_cc.tls import client_context

client_context(b"-----BEGIN CERTIFICATE-----")  # refused
