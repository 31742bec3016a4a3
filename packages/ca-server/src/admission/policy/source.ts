import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Component, ContentWatch, type Logger } from "@kasbah/runtime";
import { type IssuancePolicy, openTerms } from "../../issuance/rules.ts";
import { loadPolicy } from "./file.ts";
import type { PolicyFile } from "./schema.ts";

export interface PolicySourceDeps {
  /** If undefined, every identity may request any certificate within the CA's own limits. */
  readonly path: string | undefined;
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly ttlCeilingMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The policy in force: the content of the policy file when it was last valid. */
export class PolicySource implements Component {
  readonly name = "policy";
  readonly #deps: PolicySourceDeps;
  #current: IssuancePolicy;
  #watch: ContentWatch | undefined;
  #isRefused = false;

  constructor(deps: PolicySourceDeps) {
    this.#deps = deps;
    this.#current = this.#policyOf({ rules: [], fallback: openTerms });
  }

  get path(): string | undefined {
    return this.#deps.path;
  }

  current(): IssuancePolicy {
    return this.#current;
  }

  /** Conditions that need an operator's attention. */
  warnings(): readonly string[] {
    return this.#isRefused
      ? [`the policy file ${this.path} is invalid; the CA keeps the previous policy`]
      : [];
  }

  /**
   * @throws PolicyError `POLICY_INVALID`: without a previous policy to keep, the CA must not guess which
   * callers to admit.
   */
  async start(): Promise<void> {
    const { path, clock, logger } = this.#deps;
    if (path === undefined) return;
    const initial = await digestOf(path).catch(() => "");
    await this.#take(path);
    this.#watch = new ContentWatch({
      name: this.name,
      directories: [dirname(path)],
      read: () => digestOf(path),
      initial,
      onChange: () => this.#take(path),
      onTrouble: (error) => {
        this.#isRefused = true;
        logger.error("invalid policy file; keeping the previous policy", {
          path,
          error,
        });
      },
      clock,
      logger,
    });
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
  }

  async #take(path: string): Promise<void> {
    const file = await loadPolicy(path);
    this.#current = this.#policyOf(file);
    this.#isRefused = false;
    this.#deps.logger.info("policy loaded", { path, rules: file.rules.length });
  }

  #policyOf(file: PolicyFile): IssuancePolicy {
    const { defaultTtlMs, maxTtlMs, ttlCeilingMs } = this.#deps;
    return { ...file, defaultTtlMs, maxTtlMs, ttlCeilingMs };
  }
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
