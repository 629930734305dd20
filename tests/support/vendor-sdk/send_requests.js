// SPDX-License-Identifier: Apache-2.0
// Sends requests with the vendor's SDK core, one after another: reads a JSON object a line, prints
// {status, code, message, body} a line. Arguments: folder with node_modules, endpoint, ak, sk, domain id.
// NODE_EXTRA_CA_CERTS names the emulator's CA.
"use strict";

const path = require("path");
const readline = require("readline");

const [home, endpoint, ak, sk, domainId] = process.argv.slice(2);
const core = path.join(home, "node_modules", "@huaweicloud", "huaweicloud-sdk-core");
// Not through ClientBuilder: it needs a package that the core forgets to name as a dependency.
const { HcClient } = require(path.join(core, "HcClient.js"));
const { DefaultHttpClient } = require(path.join(core, "http", "DefaultHttpClient.js"));
const { GlobalCredentials } = require(path.join(core, "auth", "GlobalCredentials.js"));

const client = new HcClient(new DefaultHttpClient({}, [endpoint]))
  .withCredential(new GlobalCredentials({ ak, sk, domainId }))
  .withEndpoints([endpoint]);

async function send(wish) {
  const options = {
    method: wish.method,
    url: wish.path,
    contentType: "application/json",
    queryParams: wish.query,
    pathParams: wish.pathParams,
    headers: wish.headers,
    data: wish.data,
  };
  try {
    const body = await client.sendRequest(options);
    const binary = Buffer.isBuffer(body.body) || typeof body.body === "string";
    return { status: body.httpStatusCode, body: binary ? null : body };
  } catch (error) {
    return { status: error.httpStatusCode, code: error.errorCode, message: error.errorMsg };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await send(JSON.parse(line))));
  }
}

main();
