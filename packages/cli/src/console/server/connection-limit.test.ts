import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startConsole, type TestedConsole } from "../console-run.fixture.ts";

/** More than the console allows. */
const many = 200;

/** Opens connections that each send the same text, and read nothing. */
async function occupy({ port }: TestedConsole, text: string): Promise<AsyncDisposable> {
  const sockets: Socket[] = [];
  for (let index = 0; index < many; index++) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.pause();
    await once(socket, "connect");
    socket.write(text);
    sockets.push(socket);
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const request = (port: number, headers = "") =>
  `GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`;

describe("Connections of other users of the machine", () => {
  it("cannot keep the operator out if they send half a request, nothing, or read no answer", async () => {
    await using tested = await startConsole();
    const headers = { cookie: await tested.open() };
    for (const text of ["GET / HT", "", request(tested.port).repeat(500)]) {
      await using _ = await occupy(tested, text);
      const { status } = await tested.visit({ path: "/api/status", headers });
      assert.equal(status, 200, text.slice(0, 20));
    }
  });

  it("do not close a connection that has a session", async () => {
    await using tested = await startConsole();
    const own = connect(tested.port, "127.0.0.1").setEncoding("utf8");
    const ask = async () => {
      own.write(request(tested.port, `Cookie: ${cookie}\r\n`));
      const [reply] = await once(own, "data");
      return `${reply}`.slice(0, 15);
    };
    const cookie = await tested.open();
    assert.equal(await ask(), "HTTP/1.1 200 OK");
    await using _ = await occupy(tested, "");
    assert.equal(await ask(), "HTTP/1.1 200 OK");
    own.destroy();
  });
});
