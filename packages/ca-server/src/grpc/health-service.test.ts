import assert from "node:assert/strict";
import { checkHealth, watchHealth } from "@kasbah/protocol";
import type { CallContext, Route } from "@kasbah/runtime/rpc";
import { FakeClock } from "@kasbah/testkit";
import { createHealthRoutes } from "./health-service.ts";
import { RefusedCall } from "./refused-call.ts";

const service = "istio.v1.auth.IstioCertificateService";

describe("createHealthRoutes", () => {
  let ready: boolean;
  let stopping: AbortController;
  let clock: FakeClock;
  let routes: readonly Route[];

  beforeEach(() => {
    ready = true;
    stopping = new AbortController();
    clock = new FakeClock();
    routes = createHealthRoutes({ isReady: () => ready, clock, stopping: stopping.signal });
  });

  const context = (): CallContext => ({
    metadata: () => [],
    peerAddress: "127.0.0.1:1",
    peerCertificates: () => [],
    signal: new AbortController().signal,
  });

  async function check(body: Uint8Array): Promise<string> {
    const route = routes.find(({ path }) => path === checkHealth.path);
    assert.ok(route?.kind === "unary");
    return checkHealth.response.decode(await route.serve(body, context())).status;
  }

  async function refused(body: Uint8Array): Promise<number> {
    const outcome = await check(body).catch((error: unknown) => error);
    assert.ok(outcome instanceof RefusedCall, String(outcome));
    return outcome.status.code;
  }

  it("rejects a malformed request as the client's error, not as an internal one", async () => {
    assert.equal(await refused(Buffer.from("0aff", "hex")), 3);
  });

  it("answers NOT_FOUND for any service but its own", async () => {
    assert.equal(await refused(checkHealth.request.encode({ service: "other" })), 5);
  });

  it("reports whether the server as a whole and its one service are ready", async () => {
    for (const name of ["", service]) {
      const body = checkHealth.request.encode({ service: name });
      ready = true;
      assert.equal(await check(body), "SERVING");
      ready = false;
      assert.equal(await check(body), "NOT_SERVING");
    }
  });

  it("notifies a watcher of each change once, and ends the watch when the server stops", async () => {
    const route = routes.find(({ path }) => path === watchHealth.path);
    assert.ok(route?.kind === "stream");
    const seen: string[] = [];
    async function* bodies() {
      yield watchHealth.request.encode({ service });
    }
    const send = (body: Uint8Array) => seen.push(watchHealth.response.decode(body).status) > 0;
    const served = route.serve(bodies(), send, context());
    await clock.advance(5_000);
    ready = false;
    await clock.advance(5_000);
    assert.deepEqual(seen, ["SERVING", "NOT_SERVING"]);
    stopping.abort();
    await served;
  });
});
