// SPDX-License-Identifier: Apache-2.0
// Signs the requests it reads, one JSON object a line, with the vendor's signer; prints for each the
// Authorization and the body it signed, as JSON, one a line. argv[2]: folder with node_modules.
"use strict";

const path = require("path");
const readline = require("readline");

const core = path.join(process.argv[2], "node_modules", "@huaweicloud", "huaweicloud-sdk-core");
const { AKSKSigner } = require(path.join(core, "auth", "AKSKSigner.js"));

function sign(wish) {
  const request = {
    method: wish.method,
    endpoint: wish.endpoint + wish.path,
    queryParams: wish.query,
    headers: wish.headers,
    data: wish.data === null ? undefined : wish.data,
  };
  const credential = { getAk: () => wish.ak, getSk: () => wish.sk };
  const body = wish.data === null ? "" : JSON.stringify(wish.data);
  return { authorization: AKSKSigner.sign(request, credential).Authorization, body };
}

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => console.log(JSON.stringify(sign(JSON.parse(line)))));
