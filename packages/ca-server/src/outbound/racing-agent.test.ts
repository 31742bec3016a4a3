import assert from "node:assert/strict";
import type { lookup } from "node:dns";
import { writeFile } from "node:fs/promises";
import {
  createTestAuthority,
  eventually,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "./address-rules.ts";
import { DatedServers } from "./dated-server.fixture.ts";
import { exchange } from "./https-exchange.ts";

describe("HTTPS exchange with a name of several addresses", () => {
  let directory: TemporaryDirectory;
  let root: TestAuthority;
  let servers: DatedServers;

  before(async () => {
    directory = await temporaryDirectory();
    root = await createTestAuthority();
    await writeFile(directory.join("ca.pem"), root.rootPem);
  });

  beforeEach(() => {
    servers = new DatedServers();
  });

  afterEach(() => servers.close());

  after(() => directory.remove());

  /** Calls a server on 127.0.0.1 by a URL whose name resolves to these addresses. */
  async function call(addresses: readonly string[], name: string) {
    const { port } = await servers.start({ authority: root, name });
    const answer = (...given: unknown[]) => {
      const done = given.at(-1);
      assert.ok(typeof done === "function");
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    };
    const resolve = Object.assign(answer, { __promisify__: undefined }) as unknown as typeof lookup;
    return exchange(
      {
        ...{ url: new URL(`https://issuer.test:${port}/`), caFile: directory.join("ca.pem") },
        ...{ tokenFile: undefined, timeoutMs: 30_000 },
        addressRules: new AddressRules([{ address: "127.0.0.0", prefix: 8 }], resolve),
      },
      { method: "GET" },
    );
  }

  it("uses the address that lives, and verifies the server by the name in the URL", async () => {
    assert.equal((await call(["127.0.0.9", "127.0.0.1"], "issuer.test")).status, 401);
    await assert.rejects(call(["127.0.0.1"], "other.test"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    await eventually(async () => (await servers.open()) === 0);
  });

  it("reports the reason of each address if all are dead", async () => {
    await assert.rejects(call(["127.0.0.8", "127.0.0.9"], "issuer.test"), (error: AggregateError) => {
      const reasons = error.errors.map(({ message }) => String(message));
      assert.match(reasons.join(), /ECONNREFUSED 127\.0\.0\.8:\d+,.*ECONNREFUSED 127\.0\.0\.9:/);
      return true;
    });
  });
});
