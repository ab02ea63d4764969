from oauth_cc import ClientAssertion
from oauth_cc.workload import AssertionVariable

ClientAssertion(AssertionVariable("OIDC_TOKEN"), audience="https://as.example")  # refused
