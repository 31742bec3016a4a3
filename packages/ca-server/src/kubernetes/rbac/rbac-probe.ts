import { type Clock, type Component, type Logger, Loop } from "@kasbah/runtime";
import { z } from "zod";
import type { KubernetesClient } from "../api/api-client.ts";
import { describeDenied, type NeededRule, type Permission } from "./rbac-rules.ts";

export interface RbacProbeDeps {
  readonly client: Pick<KubernetesClient, "post">;
  readonly permissions: readonly Permission[];
  /** The CA's own namespace. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const everyMs = 60_000;
/** An operator who has just bound a role soon sees whether it is sufficient. */
const soonMs = 10_000;
const atOnce = 4;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/** Checks through the API server which of the needed permissions the CA has, at start-up and every minute. */
export class RbacProbe implements Component {
  readonly name = "RBAC probe";
  readonly #deps: RbacProbeDeps;
  readonly #loop: Loop;
  #denied: ReadonlySet<Permission> = new Set();
  #trouble: Error | undefined = unknown("has not been queried yet");
  #logged = "";

  constructor(deps: RbacProbeDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ clock: deps.clock, pass: (signal) => this.#pass(signal) });
  }

  /**
   * One sentence for each missing rule, as of its last answer: an unreachable API server revokes no
   * permission.
   */
  missing(which: (rule: NeededRule) => boolean = () => true): readonly string[] {
    const { permissions, namespace } = this.#deps;
    const denied = permissions.filter((permission) => this.#denied.has(permission) && which(permission.rule));
    return describeDenied(denied, namespace);
  }

  /** The reason why answers are old or missing; undefined while the API server answers all of them. */
  unanswered(): string | undefined {
    return this.#trouble?.message;
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  /** Does not wait for pending answers, because a query changes nothing. */
  async stop(): Promise<void> {
    void this.#loop.stop();
  }

  async #pass(signal: AbortSignal): Promise<number> {
    await this.#probe();
    if (signal.aborted) return 0;
    this.#log();
    const isWell = this.#denied.size === 0 && this.#trouble === undefined;
    return isWell ? everyMs : soonMs;
  }

  /** Stops at the first query without an answer, because the others would wait as long. */
  async #probe(): Promise<void> {
    const denied = new Set(this.#denied);
    const left = this.#deps.permissions.values();
    let trouble: Error | undefined;
    const askOnAndOn = async () => {
      for (const permission of left) {
        if (trouble !== undefined || this.#loop.signal.aborted) return;
        try {
          if (await this.#isAllowed(permission)) denied.delete(permission);
          else denied.add(permission);
        } catch (error) {
          trouble ??= error instanceof Error ? error : new Error(String(error));
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, askOnAndOn));
    this.#denied = denied;
    this.#trouble = trouble;
  }

  async #isAllowed(permission: Permission): Promise<boolean> {
    const { status, body } = await this.#ask(permission).catch((cause: unknown) => {
      throw unknown("does not answer", cause);
    });
    if (status !== 201 && status !== 200) throw unknown(`answered ${status} to a SelfSubjectAccessReview`);
    try {
      return reviewSchema.parse(JSON.parse(body)).status.allowed;
    } catch (cause) {
      throw unknown("did not answer with a SelfSubjectAccessReview", cause);
    }
  }

  #ask({ rule, verb, name }: Permission) {
    const { group, resource, scope } = rule;
    const namespace = scope === "namespace" ? this.#deps.namespace : undefined;
    return this.#deps.client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource, name, namespace } },
    });
  }

  /** Logs each change once. */
  #log(): void {
    const missing = this.missing();
    const now = [...missing, this.unanswered() ?? ""].join("\n");
    if (now === this.#logged) return;
    const { logger } = this.#deps;
    for (const rule of missing)
      if (!this.#logged.includes(rule)) logger.error("RBAC permission missing", { rule });
    if (this.#trouble !== undefined) logger.warn("cannot check RBAC permissions", { error: this.#trouble });
    else if (missing.length === 0 && this.#logged !== "") logger.info("all RBAC permissions granted");
    this.#logged = now;
  }
}

function unknown(what: string, cause?: unknown): Error {
  return new Error(`Kubernetes API: ${what}, so the CA's permissions are unknown`, { cause });
}
