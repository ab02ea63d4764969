from oauth_cc import AssertionFile, ClientAssertion

ClientAssertion(AssertionFile("/run/token"), audience="https://as.example")  # refused
