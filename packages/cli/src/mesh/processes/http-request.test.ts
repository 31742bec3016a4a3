import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { getOnce } from "./http-request.ts";

const module = new URL("./http-request.ts", import.meta.url).href;

describe("getOnce", () => {
  it("connects directly even if Node uses the proxy of its environment", async () => {
    const server = createServer((_, response) => void response.end("direct"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const script = `import { getOnce } from ${JSON.stringify(module)};
      console.log((await getOnce({ host: "127.0.0.1", port: ${port} }, "/")).body);`;
    const env = { ...process.env, NODE_USE_ENV_PROXY: "1", http_proxy: "http://127.0.0.1:1", no_proxy: "" };
    try {
      const args = ["--input-type=module", "--eval", script];
      const { stdout } = await promisify(execFile)(process.execPath, args, { env });
      assert.equal(stdout, "direct\n");
    } finally {
      server.close();
    }
  });

  it("stops waiting when the signal aborts", async () => {
    const server = createServer(() => undefined);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const answer = getOnce({ host: "127.0.0.1", port }, "/", stop.signal);
    server.once("request", () => stop.abort());
    await assert.rejects(answer, { name: "AbortError" });
    server.closeAllConnections();
    server.close();
  });
});
