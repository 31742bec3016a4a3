import type { IncomingMessage } from "node:http";
import type { ConsoleAssets } from "./assets.ts";
import { factsOf, type RequestFacts } from "./facts.ts";
import { problemReply } from "./problem-reply.ts";
import { readExchange } from "./read-exchange.ts";
import { refusal } from "./refusal.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import type { ConsoleReply } from "./reply.ts";
import type { Sessions } from "./sessions.ts";

/** Answers a path of the data API, `/api/status`; undefined if there is no such answer. */
export type AnswerData = (
  path: string,
  query: URLSearchParams,
  etag: string,
) => Promise<ConsoleReply | undefined>;

export interface ConsoleHandlerDeps {
  readonly port: number;
  readonly sessions: Sessions;
  readonly assets: ConsoleAssets;
  readonly answerData: AnswerData;
  /** Called for each answer to a request with a session. */
  readonly onUse: () => void;
  readonly onOpened: () => void;
}

export async function handleRequest(
  request: IncomingMessage,
  deps: ConsoleHandlerDeps,
): Promise<ConsoleReply> {
  const facts = factsOf(request);
  const foreign = refuseForeign(facts, deps.port);
  if (foreign !== undefined) return problemReply(foreign);
  if (facts.path === "/session") return openSession(request, facts, deps);
  if (facts.method !== "GET") return notAllowed("GET");
  const asset = deps.assets.get(facts.path);
  if (asset !== undefined) return asset;
  if (!facts.path.startsWith("/api/")) return notFound();
  if (!deps.sessions.isOpen(facts.cookies)) return sessionMissing();
  deps.onUse();
  return (await deps.answerData(facts.path, facts.query, facts.etag)) ?? notFound();
}

/** A form cannot send JSON, so that not even a page that guessed the token could exchange it. */
async function openSession(
  request: IncomingMessage,
  { method, contentType }: RequestFacts,
  { sessions, onOpened }: ConsoleHandlerDeps,
): Promise<ConsoleReply> {
  if (method !== "POST") return notAllowed("POST");
  if (!/^application\/json\b/.test(contentType))
    return problemReply(
      refusal(415, "CONSOLE_REQUEST_INVALID", "expected the content type application/json"),
    );
  const token = await readExchange(request);
  if (token === undefined)
    return problemReply(refusal(400, "CONSOLE_REQUEST_INVALID", 'expected the body {"token": "…"}'));
  const cookie = sessions.open(token);
  if (cookie === undefined)
    return problemReply(refusal(403, "CONSOLE_LINK_USED", "this link was used before, or is incomplete"));
  onOpened();
  return { status: 204, type: "text/plain", body: new Uint8Array(), headers: { "set-cookie": cookie } };
}

function sessionMissing(): ConsoleReply {
  return problemReply(
    refusal(401, "CONSOLE_SESSION_MISSING", "this browser has not opened the link of the console"),
  );
}

function notFound(): ConsoleReply {
  return problemReply(refusal(404, "CONSOLE_REQUEST_INVALID", "the console has no such page"));
}

function notAllowed(allow: string): ConsoleReply {
  return problemReply(refusal(405, "CONSOLE_REQUEST_INVALID", `expected the method ${allow}`, { allow }));
}
