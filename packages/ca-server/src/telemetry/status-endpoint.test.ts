import assert from "node:assert/strict";
import { createRegistry } from "@kasbah/runtime";
import { freePort, recordingLogger } from "@kasbah/testkit";
import { StatusEndpoint } from "./status-endpoint.ts";

describe("StatusEndpoint", () => {
  it("is alive and unready with the reason while the CA waits, and keeps its port when the CA starts", async () => {
    const address = { host: "127.0.0.1", port: await freePort() };
    const registry = createRegistry({ name: "test", version: "0" });
    const probeAddress = { host: "127.0.0.1", port: await freePort() };
    const endpoint = new StatusEndpoint({ address, probeAddress, registry, logger: recordingLogger() });
    const probe = async (path: string) =>
      (await fetch(`http://127.0.0.1:${probeAddress.port}${path}`)).status;
    const get = (path: string) => fetch(`http://127.0.0.1:${address.port}${path}`);
    await endpoint.wait("another replica must act first");
    try {
      assert.equal((await get("/healthz/live")).status, 200);
      const waiting = await get("/healthz/ready");
      assert.equal(waiting.status, 503);
      assert.match(await waiting.text(), /another replica must act first/);
      assert.deepEqual([await probe("/healthz/live"), await probe("/healthz/ready")], [200, 503]);
      endpoint.serve(() => ({ ready: true, reasons: [] }));
      assert.equal((await get("/healthz/ready")).status, 503, "no other component has started yet");
      await endpoint.start();
      assert.equal((await get("/healthz/ready")).status, 200);
      assert.deepEqual([await probe("/healthz/ready"), await probe("/metrics")], [200, 404]);
    } finally {
      await endpoint.stop();
    }
  });
});
