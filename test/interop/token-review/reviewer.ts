import { type ChildProcessByStdio, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { temporaryDirectory } from "@kasbah/testkit";
import { jwksText } from "../../harness/tokens/keys.ts";
import { issuer } from "../../harness/tokens/minting.ts";
import { buildReviewer } from "./build.ts";

/** A TokenReviewStatus in which the fields of the user are inlined. */
export interface Status {
  readonly authenticated: boolean;
  readonly username: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Empty if the review succeeded. */
  readonly error: string;
}

export interface GoReviewer {
  review(token: string, audiences: readonly string[], now: Date): Promise<Status>;
  close(): Promise<void>;
}

interface Judged {
  /** A JWK Set. */
  readonly jwks: string;
  readonly issuer: string;
}

type Program = ChildProcessByStdio<Writable, Readable, null>;
type Waiting = PromiseWithResolvers<Status>;

/** Starts a reviewer that decides as the API server does, by default for the issuer of the table. */
export async function openGoReviewer(judged: Judged = { jwks: jwksText(), issuer }): Promise<GoReviewer> {
  const directory = await temporaryDirectory();
  const jwksFile = directory.join("jwks.json");
  await writeFile(jwksFile, judged.jwks);
  const args = ["-jwks", jwksFile, "-issuer", judged.issuer];
  const program = spawn(buildReviewer(), args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = endOf(program);
  const waiting = answersOf(program, ended);
  return {
    review: (token, audiences, now) => {
      const answer = Promise.withResolvers<Status>();
      waiting.push(answer);
      program.stdin.write(`${JSON.stringify({ token, now, audiences })}\n`, (error) => {
        if (error) answer.reject(error);
      });
      return answer.promise;
    },
    close: async () => {
      program.stdin.end();
      await ended;
      await directory.remove();
    },
  };
}

/** Resolves when the program has exited or could not be started. */
function endOf(program: Program): Promise<void> {
  return new Promise((resolve) => {
    program.once("close", () => resolve());
    program.once("error", () => resolve());
  });
}

/**
 * Replies arrive in the order of the requests; when the program exits, the remaining requests are rejected.
 */
function answersOf(program: Program, ended: Promise<void>): Waiting[] {
  const waiting: Waiting[] = [];
  createInterface({ input: program.stdout }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const fail = () => {
    const error = new Error("the reviewer exited before it answered");
    for (const answer of waiting.splice(0)) answer.reject(error);
  };
  program.stdin.on("error", fail);
  void ended.then(fail);
  return waiting;
}
