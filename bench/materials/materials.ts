import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { repositoryRoot } from "../../test/harness/repository.ts";
import { type Issuer, loadIssuer, type TokenAlgorithm } from "./issuer.ts";
import { type RequestKey, requestMaker } from "./requests.ts";
import { podClaims, stepClaims } from "./tokens.ts";

/** What callers present: pods' tokens, or the one-time tokens of step-ca. */
export type TokenKind = TokenAlgorithm | "step";

/** Files grow by so many lines. */
const atOnce = 4_096;
const directory = join(repositoryRoot, ".cache/bench");

/** Tokens and requests by the thousand, created once and kept in `.cache/bench`, so that each is used once. */
export class Materials {
  readonly issuer: Issuer = loadIssuer(directory);
  readonly #say: (text: string) => void;
  readonly #givenTokens: string | undefined;

  /** `givenTokens` is a file with tokens that another issuer signed. */
  constructor(say: (text: string) => void, givenTokens?: string) {
    this.#say = say;
    this.#givenTokens = givenTokens;
  }

  /** The path of a file with at least `count` tokens, one on each line. */
  async tokens(kind: TokenKind, count: number): Promise<string> {
    if (this.#givenTokens !== undefined) return this.#givenTokens;
    const now = systemClock.now();
    const mint = (index: number) =>
      kind === "step"
        ? this.issuer.sign("ES256", stepClaims(index, now))
        : this.issuer.sign(kind, podClaims(index, now));
    return this.#ensure(`tokens-${kind}`, count, async (index) => mint(index));
  }

  /** The path of a file with at least `count` requests and their keys, as JSON on each line. */
  async requests(type: RequestKey, count: number): Promise<string> {
    const make = requestMaker(type);
    return this.#ensure(`requests-${type}`, count, async (index) => JSON.stringify(await make(index)));
  }

  /** Adds the lines that are missing; the file is replaced, so that a run beside this one keeps its own. */
  async #ensure(name: string, count: number, create: (index: number) => Promise<string>): Promise<string> {
    const path = join(directory, name);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    if (lines.length >= count) return path;
    const enough = Math.ceil(count / atOnce) * atOnce;
    this.#say(`creating ${enough - lines.length} ${name} once`);
    for (let index = lines.length; index < enough; index += 1) lines.push(await create(index));
    mkdirSync(directory, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, `${lines.join("\n")}\n`, { mode: 0o600 });
    renameSync(unfinished, path);
    return path;
  }
}
