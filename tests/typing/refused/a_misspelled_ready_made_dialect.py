from oauth_cc import dialects

print(dialects.EBEY)  # refused
