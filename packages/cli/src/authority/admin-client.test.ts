import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { grpcStatus } from "@kasbah/runtime/rpc";
import {
  type FakeAuthorityAdmin,
  rejectsWithCode,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { idle } from "../commands/run-kasbah.fixture.ts";
import { sampleOverview } from "../commands/status/sample-overview.fixture.ts";
import { AdminClient } from "./admin-client.ts";

describe("AdminClient", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;
  let client: AdminClient;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
    ca.answers = [idle];
    client = new AdminClient(directory.join("admin.sock"), "jürgen\n");
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  /** A server on a Unix socket that treats its callers as `meet` says. */
  async function listen(name: string, meet: (socket: Socket) => void): Promise<AsyncDisposable> {
    const met: Socket[] = [];
    const server: Server = createServer((socket) => {
      met.push(socket);
      socket.on("error", () => undefined);
      meet(socket);
    });
    await new Promise<void>((resolve) => server.listen(directory.join(name), resolve));
    return {
      async [Symbol.asyncDispose]() {
        for (const socket of met) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it("gives up on a silent socket after the answer deadline, even before an operation", async () => {
    await using _silent = await listen("silent.sock", () => undefined);
    const patient = { answerMs: 200, actMs: 60_000 };
    const stuck = new AdminClient(directory.join("silent.sock"), "alice", patient);
    for (const call of [stuck.status(), stuck.rotate("root"), stuck.abort({})]) {
      const { message } = await rejectsWithCode(call, "ADMIN_UNREACHABLE");
      assert.match(message, /silent\.sock: no answer in time; start kasbah-server/);
    }
  });

  it("does not accept an arbitrary server as a CA", async () => {
    await using _web = await listen("web.sock", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const lost = new AdminClient(directory.join("web.sock"), "alice");
    await rejectsWithCode(lost.status(), "ADMIN_UNREACHABLE");
  });

  it("does not claim that an operation failed if its answer is late", async () => {
    ca.refusal = { code: grpcStatus.DEADLINE_EXCEEDED, message: "Deadline exceeded" };
    const { message } = await rejectsWithCode(client.rotate("root"), "ADMIN_FAILED");
    assert.match(
      message,
      /did not answer in time; it may still complete the operation: check kasbah authority status/,
    );
  });

  it("passes on an error that the CA reports, and does not claim that no CA answers", async () => {
    ca.refusal = { code: grpcStatus.UNAVAILABLE, message: "STATE_NOT_DURABLE: no space left" };
    const { message } = await rejectsWithCode(client.pause(), "ADMIN_FAILED");
    assert.match(message, /STATE_NOT_DURABLE: no space left/);
  });

  it("explains that a CA of an earlier release does not know an operation", async () => {
    ca.refusal = { code: grpcStatus.UNIMPLEMENTED, message: "unknown method" };
    const { message } = await rejectsWithCode(client.recall("root-1"), "ADMIN_OUTDATED");
    assert.match(message, /does not know this operation: it runs an earlier release/);
  });

  it("reports a CA of an earlier release by a code of its own, and returns the overview of any other", async () => {
    await rejectsWithCode(client.ownOverview({ forMerging: false }), "ADMIN_OUTDATED");
    ca.overview = sampleOverview;
    assert.deepEqual(await client.ownOverview({ forMerging: false }), sampleOverview);
  });

  it("encodes an operator name that is not ASCII for the header", async () => {
    await client.status();
    assert.equal(ca.calls[0]?.operator, "j%C3%BCrgen%0A");
  });
});
