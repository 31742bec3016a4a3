import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTcp, type Server } from "node:net";
import { createServer as createTls } from "node:tls";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { createTestAuthority, type TestAuthority } from "@kasbah/testkit";
import { command } from "../../config/command.ts";
import { options } from "../../config/options.ts";
import { isFinding } from "../report.ts";
import { checkCa } from "./check-ca.ts";

describe("checkCa with a server that is silent or is not a CA", () => {
  let authority: TestAuthority;
  const servers: Server[] = [];

  before(async () => {
    authority = await createTestAuthority("Mesh");
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** The finding about a server at this port. */
  async function findingAt(server: Server, deadlineMs = 1_000) {
    servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const address = { host: "127.0.0.1", port: bound.port };
    const loaded = loadConfig(command, options, { argv: [], env: {}, readFile: () => "" });
    assert.ok(loaded.kind === "run");
    const rootsPem = authority.rootPem;
    const now = () => systemClock.now();
    const { config } = loaded;
    const { observations } = await checkCa(address, { config, rootsPem, environment: {}, now, deadlineMs });
    return observations.find(isFinding) ?? assert.fail("no finding");
  }

  /** A TLS server with a trusted certificate that handles the connection itself. */
  async function trusted(serve: Parameters<typeof createTls>[1]): Promise<Server> {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "ip", value: "127.0.0.1" } as const];
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
    const identity = { cert: leaf.toPem(), key: keyPair.toPkcs8Pem(), ALPNProtocols: ["h2"] };
    return createTls(identity, (socket) => {
      socket.on("error", () => undefined);
      serve?.(socket);
    });
  }

  it("says whether TLS or the call got no answer", async () => {
    const mute = createTcp((socket) => void socket.on("error", () => undefined));
    const before = await findingAt(mute, 200);
    assert.equal(before.code, "CA_TIMEOUT");
    assert.match(before.what, /accepted the connection, but did not complete the TLS handshake/);
    const after = await findingAt(await trusted(() => {}), 300);
    assert.equal(after.code, "CA_TIMEOUT");
    assert.match(after.what, /the TLS connection is open, but the server does not answer a call/);
  });

  it("names another server if a trusted certificate is not served with HTTP/2", async () => {
    const odd = await findingAt(await trusted((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    assert.equal(odd.code, "CA_OTHER_SERVER");
  });
});
