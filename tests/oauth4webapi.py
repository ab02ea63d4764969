"""
``python -m tests.oauth4webapi``: a client of another language and author against the test server.

It needs Node 20 or later and npm, which install oauth4webapi into a temporary folder. No test of the suite runs it.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from joserfc.jwk import ECKey

from oauth_cc import Scope
from oauth_cc.testing import AuthorizationServer, ProtectedResource, RegisteredClient

VERSION: Final = "3.8.8"
"""The version that passed on 2026-11-30, with Node 20.20.2."""

PROGRAM: Final = """
import { readFileSync } from "node:fs";
import * as oauth from "oauth4webapi";

const [issuer, resource, bound] = process.argv.slice(2);
const url = (text) => new URL(text);
const insecure = { [oauth.allowInsecureRequests]: true };
const check = (name, found, expected) => {
  if (found !== expected) throw new Error(`${name}: ${found}, not ${expected}`);
  console.log(`${name}: ${found}`);
};

// RFC 9728: from the API to its authorization server.
const described = await oauth.processResourceDiscoveryResponse(
  url(resource), await oauth.resourceDiscoveryRequest(url(resource), insecure));
check("authorization server of the API", described.authorization_servers[0], issuer);

// RFC 8414 and OpenID Connect Discovery.
let server;
for (const algorithm of ["oauth2", "oidc"]) {
  server = await oauth.processDiscoveryResponse(
    url(issuer), await oauth.discoveryRequest(url(issuer), { ...insecure, algorithm }));
  check(`issuer by ${algorithm}`, server.issuer, issuer);
}

const key = await crypto.subtle.importKey(
  "jwk", JSON.parse(readFileSync(0, "utf-8")), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const token = async (client, authentication, api, more = {}) => {
  const parameters = new URLSearchParams({ scope: "read", resource: api });
  const options = { ...insecure, ...more };
  const ask = () => oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options);
  const read = async () => oauth.processClientCredentialsResponse(server, client, await ask());
  try {
    return await read();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return await read();
  }
};
const call = async (api, found, more = {}) => {
  const headers = new Headers({ Accept: "application/json" });
  const response = await oauth.protectedResourceRequest(
    found.access_token, "GET", url(api), headers, null, { ...insecure, ...more });
  return response.status;
};
const known = { client_id: "your_id" };
const ways = {
  client_secret_basic: [known, oauth.ClientSecretBasic("s3cret of a+test")],
  client_secret_post: [known, oauth.ClientSecretPost("s3cret of a+test")],
  private_key_jwt: [{ client_id: "signing_id" }, oauth.PrivateKeyJwt({ key, kid: "k1" })],
};
for (const [name, [client, authentication]] of Object.entries(ways)) {
  const found = await token(client, authentication, resource);
  check(`scope by ${name}`, found.scope, "read");
  check(`call with it`, await call(resource, found), 200);
}

// RFC 9449.
const DPoP = oauth.DPoP(known, await oauth.generateKeyPair("ES256"));
const found = await token(known, ways.client_secret_basic[1], bound, { DPoP });
check("type of a bound token", found.token_type, "dpop");
check("call with a proof", await call(bound, found, { DPoP }), 200);

// RFC 7662 and RFC 7009.
const [client, authentication] = ways.client_secret_basic;
const about = async () => {
  const response = await oauth.introspectionRequest(server, client, authentication, found.access_token, insecure);
  return (await oauth.processIntrospectionResponse(server, client, response)).active;
};
check("active before its revocation", await about(), true);
const revoked = await oauth.revocationRequest(server, client, authentication, found.access_token, insecure);
await oauth.processRevocationResponse(revoked);
check("active after it", await about(), false);
try {
  await token(known, oauth.ClientSecretPost("wrong"), resource);
  throw new Error("a wrong secret was accepted");
} catch (error) {
  if (!(error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  console.log(`a wrong secret: ${error.name}`);
}
"""


def main() -> int:
    """Run the program against a server and two APIs; return its exit code."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        print("Node 20 or later and npm are needed", file=sys.stderr)
        return 2
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    clients = [
        RegisteredClient("your_id", "s3cret of a+test", Scope.of("read")),
        RegisteredClient(
            "signing_id",
            scope=Scope.of("read"),
            authentication_methods=frozenset({"private_key_jwt"}),
            jwks={"keys": [{**key.as_dict(private=False)}]},
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
        subprocess.run([*install, f"oauth4webapi@{VERSION}"], check=True)
        program = Path(folder, "run.mjs")
        program.write_text(PROGRAM, "utf-8")
        with (
            AuthorizationServer(clients=clients) as server,
            ProtectedResource(server, "/mcp") as api,
            ProtectedResource(server, "/bound", needs_dpop=True) as bound,
        ):
            command = [node, str(program), server.issuer, api.url, bound.url]
            return subprocess.run(
                command, input=json.dumps(key.as_dict(private=True)), text=True, check=False
            ).returncode


if __name__ == "__main__":
    sys.exit(main())
