from oauth_cc import Secret, Token

Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "mac", 1700000000.0)  # refused
