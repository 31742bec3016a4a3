import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  createTestAuthority,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "./address-rules.ts";
import { DatedServers, type ServerCertificate } from "./dated-server.fixture.ts";
import { exchange } from "./https-exchange.ts";
import { TrustedTimeAgent } from "./trusted-time-agent.ts";

describe("TrustedTimeAgent", () => {
  const inTime = new Date("2020-06-01T00:00:00Z");
  const late = new Date("2022-06-01T00:00:00Z");
  const expired = { notAfter: new Date("2021-01-01T00:00:00Z") };
  let directory: TemporaryDirectory;
  let root: TestAuthority;
  let servers: DatedServers;
  let connections: TrustedTimeAgent | undefined;

  before(async () => {
    directory = await temporaryDirectory();
    root = await createTestAuthority();
    await writeFile(directory.join("ca.pem"), root.rootPem);
    await writeFile(directory.join("token"), "secret");
  });
  beforeEach(() => {
    servers = new DatedServers();
  });
  afterEach(() => {
    connections?.destroy();
    servers.close();
  });
  after(() => directory.remove());

  async function call(at: Date | undefined, certificate: Partial<ServerCertificate> = {}): Promise<number> {
    connections?.destroy();
    const agent = new TrustedTimeAgent({ keepAlive: true }, () => at);
    connections = agent;
    const url = await servers.start({ authority: root, ...certificate });
    const ask = () =>
      exchange(
        {
          ...{ url, caFile: directory.join("ca.pem"), tokenFile: directory.join("token") },
          connections: agent,
          addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
        },
        { method: "GET" },
      );
    await ask();
    return (await ask()).status;
  }

  it("judges the server's certificate by the trusted time while the clock of the machine is wrong", async () => {
    assert.equal(await call(inTime, expired), 401);
    assert.equal(await call(inTime), 401);
    const intermediate = await root.issueIntermediate("between");
    assert.equal(await call(inTime, { authority: intermediate, above: [intermediate], ...expired }), 401);
  });

  it("judges it by the clock of the machine otherwise", async () => {
    assert.equal(await call(undefined), 401);
    await assert.rejects(call(undefined, expired), { code: "CERT_HAS_EXPIRED" });
  });

  it("sends nothing to a server whose certificate is not valid at the trusted time, or that it cannot verify", async () => {
    const foreign = await createTestAuthority();
    const wrong: [Date, Partial<ServerCertificate>, RegExp][] = [
      [late, expired, /valid from .* to Jan {2}1 00:00:00 2021 GMT/],
      [inTime, { notBefore: new Date("2021-01-01T00:00:00Z") }, /valid from Jan {2}1 00:00:00 2021 GMT/],
      [inTime, { authority: foreign }, /cannot verify the server/],
      [inTime, { authority: foreign, ...expired }, /cannot verify the server/],
      [inTime, { address: "127.0.0.2", ...expired }, /cannot verify the server: .*127\.0\.0\.1/],
    ];
    for (const [at, certificate, reason] of wrong) await assert.rejects(call(at, certificate), reason);
    assert.deepEqual(servers.authorization, []);
  });
});
