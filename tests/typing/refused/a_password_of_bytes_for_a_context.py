from oauth_cc.tls import client_context

client_context("client.pem", password=b"s3cret")  # refused
