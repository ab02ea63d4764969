from oauth_cc import Placement

Placement("X-Shopify-Access-Token", scheme=False)  # refused
