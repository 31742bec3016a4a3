import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { temporaryDirectory } from "@kasbah/testkit";

/** How a server handles a call, correctly or not. */
export type Script = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly unixPath: string;
  /** All connections, in the order in which they were opened. */
  readonly sockets: readonly Socket[];
  script: Script;
}

/** Serves HTTP/2 on a Unix socket, with answers that the test defines. */
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

/** The headers of a valid answer. */
export const good = { ":status": 200, "content-type": "application/grpc" };

/** Answers with messages, followed by trailers. */
export function answerWith(frames: readonly Uint8Array[], trailers: Record<string, string>): Script {
  return (stream) => {
    stream.respond(good, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(Buffer.concat(frames));
  };
}
