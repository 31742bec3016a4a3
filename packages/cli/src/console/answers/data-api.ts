import { createHash } from "node:crypto";
import type { ConsoleSource } from "@kasbah/console";
import type { Clock } from "@kasbah/runtime";
import { InvalidArgumentError } from "commander";
import { parseInstant } from "../../audit/instant.ts";
import type { AnswerData } from "../server/handle-request.ts";
import { failureReply, problemReply } from "../server/problem-reply.ts";
import { refusal } from "../server/refusal.ts";
import { type ConsoleReply, zipped } from "../server/reply.ts";
import type { ConsoleAnswers } from "./console-answers.ts";
import { SharedAnswers } from "./shared-answers.ts";

export interface DataApiDeps {
  readonly clock: Clock;
  /** How long an answer serves every tab. */
  readonly maxAgeMs: number;
}

interface Answered {
  readonly source: ConsoleSource;
  readonly now: string;
}

/** The paths below `/api/`. */
export function createDataApi(answers: ConsoleAnswers, deps: DataApiDeps): AnswerData {
  const shared = new SharedAnswers<ConsoleReply>(deps);
  const share = (key: string, ask: () => Promise<Answered>) => shared.get(key, () => replyTo(ask));
  return async (path, query, etag) => {
    const reply = await find(path, query);
    const known = reply?.headers?.["etag"];
    if (reply === undefined || known === undefined || known !== etag) return reply;
    return { ...reply, status: 304, body: new Uint8Array(), zipped: undefined };
  };

  function find(path: string, query: URLSearchParams): Promise<ConsoleReply | undefined> {
    switch (path) {
      case "/api/status":
        return share(path, () => answers.status());
      case "/api/identities":
        return share(path, () => answers.identities());
      case "/api/rotation":
        return share(path, () => answers.rotation());
      case "/api/refusals":
        return findRefusals(path, query.get("since") ?? "1h");
      default:
        return Promise.resolve(undefined);
    }
  }

  async function findRefusals(path: string, since: string): Promise<ConsoleReply> {
    const parse = () => parseInstant(since, deps.clock.now());
    try {
      parse();
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      return problemReply(refusal(400, "CONSOLE_REQUEST_INVALID", `since: ${error.message}`));
    }
    return share(`${path} ${since.slice(0, 40)}`, () => answers.refusals(parse()));
  }
}

async function replyTo(ask: () => Promise<Answered>): Promise<ConsoleReply> {
  try {
    return await zipped(taggedAnswer(await ask()));
  } catch (error) {
    const reply = failureReply(error);
    if (reply === undefined) throw error;
    return reply;
  }
}

/** The tag leaves out the times of the reading, so that a page receives a long list again only if the list changed. */
function taggedAnswer({ source, now, ...content }: Answered): ConsoleReply {
  const text = JSON.stringify(content);
  const { readAt, ...place } = source;
  const hash = createHash("sha256").update(text).update(JSON.stringify(place)).digest("base64url");
  const head = JSON.stringify({ source: { ...place, readAt }, now });
  const body = Buffer.from(text === "{}" ? head : `${head.slice(0, -1)},${text.slice(1)}`);
  return { status: 200, type: "application/json; charset=utf-8", body, headers: { etag: `"${hash}"` } };
}
