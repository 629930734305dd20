// SPDX-License-Identifier: Apache-2.0
// check.mjs ROOTS LIST: one handshake for each line "CASE HOST PORT"; prints "CASE ok" or "CASE REASON".
import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";

const ca = fs.readFileSync(process.argv[2]);
const lines = fs.readFileSync(process.argv[3], "utf8").trim().split("\n");
const verdictOf = async (line) => {
  const [name, host, port] = line.split(" ");
  const verdict = await new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: Number(port), ca, timeout: 10000 };
    if (net.isIP(host) === 0) options.servername = host;
    else options.checkServerIdentity = (_, certificate) => tls.checkServerIdentity(host, certificate);
    const socket = tls.connect(options, () => {
      resolve("ok");
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.on("error", (error) => resolve(`${error.code ?? ""} ${error.message}`.replace(/\s+/g, " ")));
  });
  console.log(`${name} ${verdict}`);
};
await Promise.all(
  Array.from({ length: 8 }, async () => {
    while (lines.length > 0) await verdictOf(lines.pop());
  }),
);
