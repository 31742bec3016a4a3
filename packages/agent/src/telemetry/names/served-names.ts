import type { Validity } from "@kasbah/pki";
import { printableText } from "@kasbah/runtime";
import type { GatewayHealth } from "../../gateway-files/health/gateway-health.ts";
import type { JudgedName } from "../../gateway-files/health/judge.ts";
import { describeRefusal, type RefusedName, refusedNames } from "../../sds/refused-names.ts";
import type { RefusedResource } from "../../sds/stream/stream-record.ts";
import type { SecretStore } from "../../secret/secret-store.ts";
import { describeExpiry, lastToExpire, validityStage } from "../../secret/validity.ts";

export interface ServedNamesDeps {
  readonly store: SecretStore;
  readonly streams: { refused(): Iterable<RefusedResource>; unserved(): Iterable<string> };
  readonly fileNames: { readonly health: GatewayHealth | undefined };
}

const maxNameLength = 512;

type Refusals = ReadonlyMap<string, RefusedName>;

/** Gateway names as the status shows them. */
export interface GatewayNames {
  readonly names: readonly JudgedName[];
  readonly waiting: number;
}

/** The condition of everything that Envoy requests by name: expiry, files and rejections. */
export class ServedNames {
  readonly #deps: ServedNamesDeps;

  constructor(deps: ServedNamesDeps) {
    this.#deps = deps;
  }

  /** What clients reject now, until they accept other contents or leave. */
  refusals(): Refusals {
    return refusedNames(this.#deps.streams.refused());
  }

  /** Names that clients request and the agent does not serve, a limited number of each client. */
  unserved(): ReadonlySet<string> {
    return new Set(this.#deps.streams.unserved());
  }

  /** Undefined if no client has subscribed to a file name. */
  gateway(refusals: Refusals): GatewayNames | undefined {
    const { health } = this.#deps.fileNames;
    return health && { names: health.judged(refusals), waiting: health.waiting };
  }

  /** The root of the workload's trust bundle that expires last. */
  get lastRoot(): Validity | undefined {
    const roots = this.#deps.store.current?.bundle.roots ?? [];
    return roots.length === 0 ? undefined : lastToExpire(roots);
  }

  /** Conditions that need attention, a limited number of them. The agent stays ready. */
  warnings(): readonly string[] {
    const { health } = this.#deps.fileNames;
    const refusals = this.refusals();
    const own = [...refusals.values()].filter(({ name }) => !name.startsWith("file-"));
    return [
      ...this.#bundleWarning(),
      ...own.map(describeRefusal),
      ...this.#unservedWarning(),
      ...(health?.warnings(refusals) ?? []),
    ];
  }

  #unservedWarning(): readonly string[] {
    const unserved = this.unserved();
    const [first] = unserved;
    if (first === undefined) return [];
    const names = unserved.size === 1 ? "a name" : `${unserved.size} names`;
    const example = printableText(first, maxNameLength);
    return [`name-unserved: clients request ${names} that the agent does not serve, such as ${example}`];
  }

  #bundleWarning(): readonly string[] {
    const { lastRoot } = this;
    const now = this.#deps.store.now();
    const stage = lastRoot && validityStage(lastRoot, now);
    if (lastRoot === undefined || (stage !== "expiring" && stage !== "expired")) return [];
    return [`trust-bundle-${stage}: the last root of ROOTCA ${describeExpiry(lastRoot.notAfter, now)}`];
  }
}
