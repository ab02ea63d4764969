from oauth_cc import Dialect

Dialect(placement="X-Shopify-Access-Token")  # refused
