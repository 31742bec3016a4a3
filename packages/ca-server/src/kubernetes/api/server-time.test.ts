import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  createTestAuthority,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import { DatedServers, reportedTime, type ServerCertificate } from "../../outbound/dated-server.fixture.ts";
import { readServerTime } from "./server-time.ts";

describe("readServerTime", () => {
  const expired = { notAfter: new Date("2021-01-01T00:00:00Z") };
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

  /** The time that a server with this certificate reports. */
  const timeOf = async (certificate: Partial<ServerCertificate>) =>
    readServerTime({
      server: await servers.start({ authority: root, ...certificate }),
      caFile: directory.join("ca.pem"),
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    });

  it("reads the Date of any response, and sends no token", async () => {
    assert.equal(await timeOf({}), Date.parse(reportedTime));
    assert.deepEqual(servers.authorization, [undefined]);
  });

  it("reads it although the server's certificate has expired or is not yet valid by our clock", async () => {
    const future = { notBefore: new Date("2044-01-01T00:00:00Z") };
    for (const ages of [expired, future]) assert.equal(await timeOf(ages), Date.parse(reportedTime));
    const intermediate = await root.issueIntermediate("between");
    const below = { authority: intermediate, above: [intermediate], ...expired };
    assert.equal(await timeOf(below), Date.parse(reportedTime));
  });

  it("rejects a server of another authority or of another name, whether its certificate expired or not", async () => {
    const foreign = await createTestAuthority();
    const pretender = { authority: await foreign.issueIntermediate("Test"), above: [root] };
    for (const wrong of [{ authority: foreign }, { address: "127.0.0.2" }, pretender]) {
      for (const ages of [{}, expired]) {
        await assert.rejects(timeOf({ ...wrong, ...ages }), /cannot verify the API server/);
      }
    }
    assert.deepEqual(servers.authorization, []);
  });
});
