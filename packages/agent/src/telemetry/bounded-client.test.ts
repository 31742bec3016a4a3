import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import type { StreamView } from "../sds/stream/stream-record.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { statusDocument } from "./status-document.ts";

describe("The status with many clients", () => {
  it("limits the document to 1 MiB for every client behavior, and counts the omitted items", () => {
    const clock = new FakeClock();
    const text = '"'.repeat(8_192);
    const names = Array.from({ length: 256 }, (_, index) => `${index}${text}`);
    const at = clock.now();
    const client: StreamView = {
      protocol: "delta",
      node: text.slice(0, 512),
      openedAt: at,
      resources: names.map((name) => ({ name, state: "refused", version: "f".repeat(64) })),
      nacks: 1,
      lastNack: { names: names.slice(0, 16), complaint: text.slice(0, 512), at },
    };
    const document = statusDocument({
      version: "0",
      store: new SecretStore(clock),
      clock,
      readiness: () => ({ ready: true, reasons: [] }),
      failure: () => undefined,
      caAddresses: [],
      catalog: { current: (name) => ({ name, version: "f".repeat(64) }) as never },
      names: { refusals: () => new Map(), unserved: () => new Set<string>(), gateway: () => undefined },
      consumers: () => [],
      sds: { open: 4_096, nacks: 0 },
      streams: (most) => Array.from({ length: Math.min(most, 4_096) }, () => client),
    });
    assert.ok(JSON.stringify(document).length < 1024 * 1024);
    assert.equal(document.sds.clientsLeftOut, 3_996);
    assert.equal(document.sds.clients[0]?.resourcesLeftOut, 246);
  });
});
