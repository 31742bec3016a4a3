import { once } from "node:events";
import { readFile, realpath } from "node:fs/promises";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { systemClock } from "@kasbah/runtime";
import { patienceMs } from "../../harness/until.ts";

/** How a client reaches one server, and how it knows that the server has accepted its certificate. */
export interface Door {
  readonly port: number;
  readonly spiffeId: string;
  /** What the client sends before TLS, answered with one byte. */
  readonly preamble?: Buffer;
  readonly request: Buffer;
  /** The beginning of the answer to a client that the server has accepted. */
  readonly accepted: RegExp;
}

interface Identity {
  readonly key?: string;
  readonly cert?: string;
  readonly ca: string;
}

/** What a client saw of one server's certificates. */
export interface Count {
  handshakes: number;
  failures: number;
  firstFailure: string | undefined;
  readonly serials: Set<string>;
  readonly issuers: Set<string>;
}

const pauseMs = 100;

/** Reads a complete set of the files that an agent writes. */
export async function readIdentity(certs: string): Promise<Required<Identity>> {
  const current = await realpath(join(certs, "..data"));
  const read = (name: string) => readFile(join(current, name), "utf8");
  const [key, cert, ca] = [await read("key.pem"), await read("cert-chain.pem"), await read("root-cert.pem")];
  return { key, cert, ca };
}

/** Makes one connection with a full handshake, and returns the server's certificate once it has answered. */
export async function handshake(door: Door, identity: Identity) {
  const plain = connectPlain(door.port, "127.0.0.1");
  const timer = setTimeout(() => plain.destroy(new Error("no answer in time")), patienceMs);
  try {
    await once(plain, "connect");
    if (door.preamble !== undefined) await exchange(plain, door.preamble);
    const secure = connectTls({
      socket: plain,
      ...identity,
      checkServerIdentity: (_, { subjectaltname = "" }) =>
        subjectaltname === `URI:${door.spiffeId}` ? undefined : new Error(`name ${subjectaltname}`),
    });
    try {
      await once(secure, "secureConnect");
      const certificate = secure.getPeerX509Certificate();
      const answer = (await exchange(secure, door.request)).toString("latin1");
      if (!door.accepted.test(answer)) throw new Error(`the answer begins with ${JSON.stringify(answer)}`);
      return certificate;
    } finally {
      secure.destroy();
    }
  } finally {
    clearTimeout(timer);
    plain.destroy();
  }
}

async function exchange(socket: Socket | TLSSocket, sent: Buffer): Promise<Buffer> {
  const ended = once(socket, "close").then(() => {
    throw new Error("closed without an answer");
  });
  socket.write(sent);
  const [answer] = await Promise.race([once(socket, "data"), ended]);
  ended.catch(() => undefined);
  return answer;
}

/** Makes new connections to one server, one after the other, with what the client's agent has written last. */
export class Handshakes implements AsyncDisposable {
  readonly count: Count = {
    handshakes: 0,
    failures: 0,
    firstFailure: undefined,
    serials: new Set(),
    issuers: new Set(),
  };
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(door: Door, certs: string) {
    this.#running = this.#run(door, certs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(door: Door, certs: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const certificate = await handshake(door, await readIdentity(certs));
        this.count.handshakes += 1;
        this.count.serials.add(certificate?.serialNumber ?? "");
        this.count.issuers.add(certificate?.issuerCertificate?.fingerprint256 ?? "");
      } catch (error) {
        this.count.failures += 1;
        this.count.firstFailure ??= `${systemClock.now().toISOString()} ${String(error)}`;
      }
      await systemClock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
    }
  }
}
