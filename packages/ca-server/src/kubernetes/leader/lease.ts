import { MeshError } from "@kasbah/pki";
import { z } from "zod";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { admissionDenial } from "../api/denial.ts";

/** The methods of the client that a lease needs. */
export type LeaseClient = Pick<KubernetesClient, "get" | "post" | "put">;

/**
 * A coordination.k8s.io/v1 Lease as the API server last returned it. Unknown fields are kept and written
 * back.
 */
export type Lease = z.infer<typeof leaseSchema>;

/** The holder of the lease from a moment on. */
export interface Claim {
  readonly holder: string;
  readonly durationMs: number;
  readonly at: Date;
}

// The API server omits empty fields. Fields that the CA does not write are not checked.
const specSchema = z.looseObject({
  holderIdentity: z.string().default(""),
  leaseDurationSeconds: z.int().positive().optional(),
  leaseTransitions: z.int().nonnegative().default(0),
  renewTime: z.string().optional(),
});
const leaseSchema = z.looseObject({
  metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string().min(1) }),
  spec: specSchema.prefault({}),
});

/** The state of the lease is unknown: the API server is unreachable or overloaded, or denies access. */
export class LeaseUnavailable extends MeshError<"LEASE_UNAVAILABLE"> {
  constructor(message: string, options?: { cause?: unknown }) {
    super("LEASE_UNAVAILABLE", message, options);
  }
}

/**
 * One lease on the API server. A writer must have seen its newest version, so no other writer's change is
 * ever lost.
 */
export class LeaseFile {
  readonly #client: LeaseClient;
  readonly #collection: string;
  readonly #metadata: { readonly namespace: string; readonly name: string };

  constructor(o: { client: LeaseClient; namespace: string; name: string }) {
    this.#client = o.client;
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(o.namespace)}/leases`;
    this.#metadata = { namespace: o.namespace, name: o.name };
  }

  /** Returns undefined if there is none. @throws LeaseUnavailable */
  async read(): Promise<Lease | undefined> {
    const reply = await this.#ask("get", () => this.#client.get(this.#path));
    return reply.status === 404 ? undefined : parseLease(reply, 200);
  }

  /** Returns undefined if another replica was faster. @throws LeaseUnavailable */
  async create(claim: Claim): Promise<Lease | undefined> {
    const spec = { ...specOf(claim, undefined), leaseTransitions: 0 };
    const body = { ...kind, metadata: this.#metadata, spec };
    const reply = await this.#ask("create", () => this.#client.post(this.#collection, body));
    return reply.status === 409 ? undefined : parseLease(reply, 201);
  }

  /** Returns undefined if the lease has changed since, or was deleted. @throws LeaseUnavailable */
  async replace(seen: Lease, claim: Claim): Promise<Lease | undefined> {
    const body = { ...seen, ...kind, spec: { ...seen.spec, ...specOf(claim, seen) } };
    const reply = await this.#ask("update", () => this.#client.put(this.#path, body));
    return reply.status === 409 || reply.status === 404 ? undefined : parseLease(reply, 200);
  }

  async #ask(verb: string, call: () => Promise<HttpsReply>): Promise<HttpsReply> {
    const reply = await call().catch((cause: unknown) => {
      throw new LeaseUnavailable("the API server does not answer", { cause });
    });
    if (reply.status === 401 || reply.status === 403) throw this.#refused(verb, reply);
    return reply;
  }

  #refused(verb: string, reply: HttpsReply): LeaseUnavailable {
    const { status } = reply;
    const { namespace, name } = this.#metadata;
    const denial = admissionDenial(reply);
    if (denial !== undefined)
      return new LeaseUnavailable(
        `the API server answered ${status} to a write of the lease ${name}; ${denial}`,
      );
    return new LeaseUnavailable(
      `the API server answered ${status}; allow the CA's service account to ${verb} leases.coordination.k8s.io, such as ${name}, in the namespace ${namespace}`,
    );
  }

  get #path(): string {
    return `${this.#collection}/${encodeURIComponent(this.#metadata.name)}`;
  }
}

const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" } as const;

function specOf({ holder, durationMs, at }: Claim, seen: Lease | undefined) {
  const renewTime = microTime(at, seen?.spec.renewTime);
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime,
  };
  if (seen === undefined) return { ...spec, acquireTime: renewTime };
  const isSameHolder = seen.spec.holderIdentity === holder;
  if (isSameHolder || holder === "") return spec;
  return { ...spec, acquireTime: renewTime, leaseTransitions: seen.spec.leaseTransitions + 1 };
}

/**
 * Kubernetes' MicroTime, which requires six digits. A renewal must change the object, because other replicas
 * do not see a write that changes nothing (the API server answers 200). If the clock is frozen, the time is
 * therefore advanced by a microsecond.
 */
export function microTime(at: Date, previous: string | undefined): string {
  const text = at.toISOString();
  const first = text.replace("Z", "000Z");
  return first === previous ? text.replace("Z", "001Z") : first;
}

function parseLease({ status, body }: HttpsReply, expected: number): Lease {
  if (status !== expected) throw new LeaseUnavailable(`the API server answered ${status}`);
  const read = leaseSchema.safeParse(parseJson(body));
  if (read.success) return read.data;
  throw new LeaseUnavailable("the API server's answer is not a Lease", { cause: read.error });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
