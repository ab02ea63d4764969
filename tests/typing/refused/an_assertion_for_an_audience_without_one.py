from oauth_cc import ClientAssertion
from oauth_cc.httpx2 import perform
from oauth_cc.workload import GitHubActions

ClientAssertion(GitHubActions(perform))  # refused
