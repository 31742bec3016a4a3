import assert from "node:assert/strict";
import {
  acceptClock,
  type ClockStatusMessage,
  getAuthorityStatus,
  getClockStatus,
  type Method,
} from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { unaryRoute } from "@kasbah/runtime/rpc";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { idle, runKasbah } from "./run-kasbah.fixture.ts";

const suspect: ClockStatusMessage = {
  state: "suspect",
  reason: "the clock is 8 years ahead of the time that has passed since it was last right",
  trustedTime: new Date("2030-01-01T00:00:00Z"),
  wallTime: new Date("2037-12-30T00:00:00Z"),
  bootMs: 3_600_000,
  replaced: [],
};

describe("kasbah clock", () => {
  let directory: TemporaryDirectory;
  let server: Http2Server;
  let accepted: (string | undefined)[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    accepted = [];
    server = new Http2Server({
      routes: [
        route(getAuthorityStatus, () => idle),
        route(getClockStatus, () => suspect),
        route<object, ClockStatusMessage>(acceptClock, (operator) => {
          accepted.push(operator);
          return { ...suspect, state: "trusted", reason: "", replaced: ["root-1", "intermediate-1"] };
        }),
      ],
      toStatus: (error) => ({ code: 2, message: String(error) }),
    });
    await server.listenUnix(directory.join("admin.sock"));
  });
  afterEach(async () => {
    await server.close(0);
    await directory.remove();
  });

  const run = (...args: readonly string[]) => runKasbah(["clock", ...args, "--state-dir", directory.path]);

  it("shows both times and the reason for a doubt, and changes nothing", async () => {
    const { said, error } = await run("status");
    assert.equal(error, undefined);
    assert.match(said, /^the clock is suspect; nothing irreversible happens$/m);
    assert.match(said, /trusted time +2030-01-01T00:00:00\.000Z/);
    assert.match(said, /clock of the machine +2037-12-30T00:00:00Z \(in 2920d\)/);
    assert.match(said, /reason +the clock is 8 years ahead/);
    assert.deepEqual(accepted, []);
  });

  it("accepts the clock in the operator's name, and names the authorities that the CA replaced", async () => {
    const { said } = await run("accept");
    assert.match(said, /^the clock is trusted$/m);
    assert.match(said, /replaced +root-1, intermediate-1/);
    assert.deepEqual(accepted, ["alice"]);
  });

  it("prints JSON with every field", async () => {
    const { said } = await run("status", "--json");
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(suspect)));
  });
});

function route<Request extends object, Response>(
  { path, request, response }: Method<Request, Response>,
  answer: (operator: string | undefined) => Response,
) {
  return unaryRoute({
    path,
    decode: request.decode,
    encode: response.encode,
    handle: async (call) => answer(call.metadata("kasbah-operator")[0]),
  });
}
