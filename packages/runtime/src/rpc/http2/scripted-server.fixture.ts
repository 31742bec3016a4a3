import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { temporaryDirectory } from "@kasbah/testkit";

/** What a server does with a call, well or badly. */
export type Script = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly unixPath: string;
  /** Connections that came, in their order. */
  readonly sockets: readonly Socket[];
  script: Script;
}

/** HTTP/2 on a Unix socket that answers what a test says. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const directory = await temporaryDirectory();
  const sockets: Socket[] = [];
  const server = createServer();
  server.on("connection", (socket: Socket) => sockets.push(socket));
  server.on("sessionError", () => {});
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    stream.resume();
    scripted.script(stream, headers);
  });
  const unixPath = directory.join("socket");
  server.listen(unixPath);
  await once(server, "listening");
  const scripted: ScriptedServer = {
    unixPath,
    sockets,
    script,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await directory.remove();
    },
  };
  return scripted;
}

/** The good beginning of an answer. */
export const good = { ":status": 200, "content-type": "application/grpc" };

/** Answers with messages, and trailers behind them. */
export function answerWith(frames: readonly Uint8Array[], trailers: Record<string, string>): Script {
  return (stream) => {
    stream.respond(good, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(Buffer.concat(frames));
  };
}
