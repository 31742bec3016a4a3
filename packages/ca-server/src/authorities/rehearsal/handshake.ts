import { once } from "node:events";
import { duplexPair } from "node:stream";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { ThrowAway } from "./throw-away.ts";

/** Which side rejected the other's certificate, and OpenSSL's code for the reason. */
export interface HandshakeFailure {
  readonly rejected: ThrowAway;
  readonly code: string;
}

/**
 * OpenSSL checks validity by the clock of the host, which may differ from the CA's time. The rules have
 * checked validity by the CA's time already.
 */
const timeCodes: readonly string[] = ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"];

/**
 * Connects a TLS server and a client in memory, both of which trust only these roots. Returns the failure, if
 * there is one.
 */
export async function shakeHands(
  server: ThrowAway,
  client: ThrowAway,
  rootsPem: string,
): Promise<HandshakeFailure | undefined> {
  const [near, far] = duplexPair();
  const own = ({ chainPem, keyPem }: ThrowAway) => ({ cert: chainPem, key: keyPem, ca: rootsPem });
  // Both sides finish the handshake even if they reject the other's certificate, so that both verdicts can be read.
  const open = { rejectUnauthorized: false } as const;
  let sockets: readonly TLSSocket[] = [];
  try {
    const acceptor = createServer({ ...own(server), ...open, requestCert: true });
    const accepted = once(acceptor, "secureConnection") as Promise<[TLSSocket]>;
    const failed = once(acceptor, "tlsClientError").then(([error]) => Promise.reject(error));
    acceptor.emit("connection", far);
    const dialed = connect({ socket: near, ...own(client), ...open, checkServerIdentity: () => undefined });
    sockets = [dialed];
    acceptor.once("secureConnection", ignoreLateErrors);
    ignoreLateErrors(dialed);
    const [[serving]] = await Promise.race([Promise.all([accepted, once(dialed, "secureConnect")]), failed]);
    sockets = [dialed, serving];
    return failureOf(server, dialed) ?? failureOf(client, serving);
  } catch (error) {
    return { rejected: server, code: codeOf(error) };
  } finally {
    for (const socket of sockets) socket.destroy();
    for (const end of [near, far]) end.destroy();
  }
}

/** Destroying one side is an error for the other, which comes too late to matter. */
function ignoreLateErrors(socket: TLSSocket): void {
  socket.on("error", () => undefined);
}

function failureOf(presenter: ThrowAway, { authorizationError }: TLSSocket): HandshakeFailure | undefined {
  if (authorizationError === null || authorizationError === undefined) return undefined;
  const code = codeOf(authorizationError);
  return timeCodes.includes(code) ? undefined : { rejected: presenter, code };
}

function codeOf(error: unknown): string {
  if (typeof error === "string") return error;
  if (error instanceof Error) return "code" in error ? String(error.code) : error.message;
  return String(error);
}
