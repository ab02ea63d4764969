from oauth_cc import TlsClientAuth

TlsClientAuth("-----BEGIN CERTIFICATE-----")  # refused
