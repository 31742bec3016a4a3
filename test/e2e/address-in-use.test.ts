import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { CaProcess } from "../harness/ca-process.ts";
import type { DaemonProcess } from "../harness/daemon-process.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

describe("A daemon whose port another process uses", function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  let other: Server;
  let address: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    other = createServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const bound = other.address();
    assert.ok(bound !== null && typeof bound === "object");
    address = `127.0.0.1:${bound.port}`;
  });
  afterEach(async () => {
    other.close();
    await directory.remove();
  });

  const assertNames = async (daemon: DaemonProcess, flag: string) => {
    assert.equal((await daemon.exited).code, 1);
    const reason = `another process listens there: stop it, or choose another port with ${flag}`;
    assert.ok(daemon.log.includes(`cannot listen on ${address} (EADDRINUSE): ${reason}`), daemon.log);
  };

  for (const flag of ["--grpc-address", "--http-address", "--probe-address"]) {
    it(`exits with the name of the flag ${flag}, if it is the CA`, async () => {
      const issuer = await saveIssuer(directory.join("issuer"));
      const flags = [...issuer.flags, flag, address];
      await assertNames(new CaProcess({ stateDir: directory.join("state"), flags }), flag);
    });
  }

  it("exits with the name of the flag --status-address, if it is the agent", async () => {
    const flags = { "--sds-socket": directory.join("sds"), "--status-address": address };
    await assertNames(new AgentProcess({ flags }), "--status-address");
  });
});
