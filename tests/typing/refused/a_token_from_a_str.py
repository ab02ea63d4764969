from oauth_cc import Token

Token("2YotnFZFEjr1zCsicMWpAA", "Bearer", 1700000000.0)  # refused
