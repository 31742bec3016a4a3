import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Component, ContentWatch, type Logger } from "@kasbah/runtime";
import type { ReservedNames } from "../../issuance/names/reserved-names.ts";
import { type IssuancePolicy, openTerms } from "../../issuance/rules.ts";
import { loadPolicy } from "./file.ts";
import { findingsIn } from "./findings.ts";
import type { PolicyFile } from "./schema.ts";

export interface PolicySourceDeps {
  /** If undefined, every identity may request any certificate within the CA's own limits. */
  readonly path: string | undefined;
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly ttlCeilingMs: number;
  /** The DNS names that no workload gets. */
  readonly reservedNames: ReservedNames;
  readonly defaultRate: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A warning per fault, until there are so many that an operator runs `kasbah policy check` anyway. */
const maxFaults = 20;

/** The policy in force: the content of the policy file when it was last valid. */
export class PolicySource implements Component {
  readonly name = "policy";
  readonly #deps: PolicySourceDeps;
  #current: IssuancePolicy;
  #watch: ContentWatch | undefined;
  #isRefused = false;
  #faults: readonly string[] = [];

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
    const refused = `the policy file ${this.path} is invalid; the CA keeps the previous policy`;
    return [...(this.#isRefused ? [refused] : []), ...this.#faults];
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

  reread(): void {
    this.#watch?.reread();
  }

  async #take(path: string): Promise<void> {
    const file = await loadPolicy(path);
    this.#current = this.#policyOf(file);
    this.#isRefused = false;
    this.#faults = this.#faultsOf(file);
    for (const fault of this.#faults) this.#deps.logger.warn("policy grants doubtful names", { path, fault });
    this.#deps.logger.info("policy loaded", { path, rules: file.rules.length });
  }

  #policyOf(file: PolicyFile): IssuancePolicy {
    const { defaultTtlMs, maxTtlMs, ttlCeilingMs, defaultRate, reservedNames } = this.#deps;
    return { ...file, defaultTtlMs, maxTtlMs, ttlCeilingMs, defaultRate, reservedNames };
  }

  /** A CA that runs with a faulty policy keeps issuing, since its workloads would be cut off otherwise. */
  #faultsOf(file: PolicyFile): readonly string[] {
    return findingsIn(file, this.#deps.reservedNames)
      .filter(({ severity }) => severity === "fault")
      .slice(0, maxFaults)
      .map(({ rule, message }) => `the rule ${rule} of the policy: ${message}`);
  }
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
