from oauth_cc.httpx2 import fetch_metadata

fetch_metadata("https://as.example", cache={})  # refused
