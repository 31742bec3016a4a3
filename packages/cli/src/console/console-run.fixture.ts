import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { FakeClock, temporaryDirectory } from "@kasbah/testkit";
import type { ConsoleAnswers } from "./answers/console-answers.ts";
import { runConsole } from "./run-console.ts";

interface Visit {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface VisitReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code of an error; undefined for any other answer. */
  readonly code: string | undefined;
}

/** A console whose page has three short files, and a client that sends it any request. */
export interface TestedConsole extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly port: number;
  readonly token: string;
  readonly ended: Promise<void>;
  /** The text on stderr. */
  reported(): string;
  visit(visit?: Visit): Promise<VisitReply>;
  /** Exchanges a token, and returns the cookie of the reply. */
  open(token?: string): Promise<string>;
  interrupt(): void;
}

const source = { kind: "running", place: "a test", flags: "", readAt: "2030-01-01T00:00:00.000Z" } as const;

/** Answers about a CA without authorities, which are recorded in `asked`. */
export function fakeAnswers(asked: string[] = []): ConsoleAnswers {
  const answer = async <T extends object>(question: string, content: T) => {
    asked.push(question);
    return { source, now: source.readAt, ...content };
  };
  const idle = { trustDomain: "cluster.local", epoch: 1, automatic: true, paused: false };
  return {
    status: () => answer("status", { level: "ok", findings: [], replicas: [] } as const),
    identities: () => answer("identities", { identities: [], total: 0, names: 0, truncated: false }),
    rotation: () => answer("rotation", { ...idle, authorities: [], warnings: [] }),
    refusals: (since) => {
      const none = { refusals: [], codes: [], total: 0, dropped: 0 };
      return answer(`refusals since ${since.toISOString()}`, { since: since.toISOString(), ...none });
    },
  };
}

export async function startConsole(answers: ConsoleAnswers = fakeAnswers()): Promise<TestedConsole> {
  const directory = await temporaryDirectory();
  for (const name of ["index.html", "console.js", "console.css"])
    await writeFile(directory.join(name), `the file ${name}`);
  const [clock, stop, link] = [new FakeClock(), new AbortController(), Promise.withResolvers<string>()];
  let [reported, drawn] = ["", 0];
  const stderr = new Writable({
    write: (chunk, _, done) => {
      reported += chunk;
      done();
    },
  });
  const ended = runConsole({
    port: 0,
    answers,
    maxAgeMs: 1500,
    directory: directory.path,
    openLink: undefined,
    screen: { write: (text) => link.resolve(text) },
    stderr,
    clock,
    newSecret: () => `secret-${++drawn}`,
    signal: stop.signal,
  });
  const { port, hash } = new URL((await link.promise).trim());
  const [ownPort, token] = [Number(port), hash.slice(1)];
  const visit = (one: Visit = {}) => send(ownPort, one);
  return {
    clock,
    port: ownPort,
    token,
    ended,
    reported: () => reported,
    visit,
    async open(given = token) {
      const body = JSON.stringify({ token: given });
      const headers = { "content-type": "application/json" };
      const reply = await visit({ method: "POST", path: "/session", headers, body });
      return reply.headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "";
    },
    interrupt: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      await directory.remove();
    },
  };
}

async function send(
  port: number,
  { method = "GET", path = "/", headers = {}, body }: Visit,
): Promise<VisitReply> {
  const call = request({ host: "127.0.0.1", port, method, path, headers: { ...headers }, agent: false });
  call.end(body);
  const [reply]: IncomingMessage[] = await once(call, "response");
  if (reply === undefined) throw new Error("no response");
  const content = await buffer(reply);
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: content, code: codeOf(content) };
}

function codeOf(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString()).code;
  } catch {
    return undefined;
  }
}
