import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { createKeyPair } from "@kasbah/pki";
import {
  createTestAuthority,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import { readServerTime } from "./server-time.ts";

const date = "Tue, 01 Jan 2030 00:00:00 GMT";

interface ServerCertificate {
  readonly authority?: TestAuthority;
  readonly above?: readonly TestAuthority[];
  readonly address?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

describe("readServerTime", () => {
  let directory: TemporaryDirectory;
  let root: TestAuthority;
  let servers: Server[];
  let authorization: (string | undefined)[];

  before(async () => {
    directory = await temporaryDirectory();
    root = await createTestAuthority();
    await writeFile(directory.join("ca.pem"), root.rootPem);
  });
  beforeEach(() => {
    [servers, authorization] = [[], []];
  });
  afterEach(() => {
    for (const server of servers) server.close();
  });
  after(() => directory.remove());

  /** The time that a server with this certificate reports. */
  async function timeOf({ authority = root, above = [], address = "127.0.0.1", ...ages }: ServerCertificate) {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "ip", value: address }] as const;
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names, ...ages });
    const cert = [leaf.toPem(), ...above.map(({ rootPem }) => rootPem)].join("");
    const server = createServer({ key: keyPair.toPkcs8Pem(), cert }, (request, response) => {
      authorization.push(request.headers.authorization);
      response.sendDate = false;
      response.writeHead(401, { date }).end();
    });
    servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    return readServerTime({
      server: new URL(`https://127.0.0.1:${bound.port}`),
      caFile: directory.join("ca.pem"),
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    });
  }

  it("reads the Date of any response, and sends no token", async () => {
    assert.equal(await timeOf({}), Date.parse(date));
    assert.deepEqual(authorization, [undefined]);
  });

  it("reads it although the server's certificate has expired or is not yet valid by our clock", async () => {
    const expired = { notAfter: new Date("2021-01-01T00:00:00Z") };
    const future = { notBefore: new Date("2044-01-01T00:00:00Z") };
    for (const ages of [expired, future]) assert.equal(await timeOf(ages), Date.parse(date));
    const intermediate = await root.issueIntermediate("between");
    const below = { authority: intermediate, above: [intermediate], ...expired };
    assert.equal(await timeOf(below), Date.parse(date));
  });

  it("rejects a server of another authority or of another name, whether its certificate expired or not", async () => {
    const foreign = await createTestAuthority();
    const expired = { notAfter: new Date("2021-01-01T00:00:00Z") };
    const pretender = { authority: await foreign.issueIntermediate("Test"), above: [root] };
    for (const wrong of [{ authority: foreign }, { address: "127.0.0.2" }, pretender]) {
      for (const ages of [{}, expired]) {
        await assert.rejects(timeOf({ ...wrong, ...ages }), /cannot verify the API server/);
      }
    }
    assert.deepEqual(authorization, []);
  });
});
