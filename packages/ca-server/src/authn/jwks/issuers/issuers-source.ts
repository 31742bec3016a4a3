import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Component, ContentWatch, type Logger } from "@kasbah/runtime";
import { type ConfiguredIssuer, type IssuersFileNeeds, loadTokenIssuers } from "./file.ts";
import type { TokenIssuerSet } from "./issuer-set.ts";

export interface IssuersSourceDeps {
  /** The file of `--token-issuers`; undefined if only flags name an issuer. */
  readonly path: string | undefined;
  /** The issuer that flags name, which the file cannot remove. */
  readonly fixed: readonly ConfiguredIssuer[];
  readonly needs: IssuersFileNeeds;
  readonly set: TokenIssuerSet;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the issuers in force equal to the content of their file when it was last valid. */
export class IssuersSource implements Component {
  readonly name = "token issuers";
  readonly #deps: IssuersSourceDeps;
  #watch: ContentWatch | undefined;
  #initial = "";
  #isRefused = false;
  #isEmpty = false;

  constructor(deps: IssuersSourceDeps) {
    this.#deps = deps;
  }

  /** Conditions that need an operator's attention. */
  warnings(): readonly string[] {
    const { path } = this.#deps;
    if (this.#isRefused)
      return [`the file of token issuers ${path} is invalid; the CA keeps the previous issuers`];
    return this.#isEmpty
      ? [`the file of token issuers ${path} lists none, so the CA cannot authenticate any token`]
      : [];
  }

  /** @throws TokenIssuersError `TOKEN_ISSUERS_INVALID`: without a previous list, the CA must not guess. */
  async load(): Promise<void> {
    const { path, fixed, needs, set } = this.#deps;
    if (path === undefined) return set.replace(fixed);
    this.#initial = await digestOf(path).catch(() => "");
    await this.#take(await loadTokenIssuers(path, needs));
  }

  async start(): Promise<void> {
    const { path, set, clock, logger } = this.#deps;
    await set.start();
    if (path === undefined) return;
    this.#watch = new ContentWatch({
      name: this.name,
      directories: [dirname(path)],
      read: () => digestOf(path),
      initial: this.#initial,
      onChange: () => this.#reload(path),
      onTrouble: (error) => {
        this.#isRefused = true;
        logger.error("invalid file of token issuers; keeping the previous issuers", { path, error });
      },
      clock,
      logger,
    });
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
    await this.#deps.set.stop();
  }

  reread(): void {
    this.#watch?.reread();
    this.#deps.set.reread();
  }

  /** An operator who removes the last issuer has a reason, so an empty list is obeyed here. */
  async #reload(path: string): Promise<void> {
    await this.#take(await loadTokenIssuers(path, { ...this.#deps.needs, needsIssuer: false }));
  }

  async #take(listed: readonly ConfiguredIssuer[]): Promise<void> {
    const { path, fixed, needs, set, logger } = this.#deps;
    const all = [...fixed, ...listed];
    this.#isRefused = false;
    this.#isEmpty = listed.length === 0 && needs.needsIssuer;
    await set.replace(all);
    const withoutScope = all.filter(({ scope }) => scope === undefined).map(({ issuer }) => issuer);
    logger.info("token issuers loaded", {
      path,
      issuers: all.length,
      ...(all.length > 1 && withoutScope.length > 0 ? { withoutScope } : {}),
    });
  }
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
