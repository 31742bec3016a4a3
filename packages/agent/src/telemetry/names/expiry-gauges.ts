import { type Clock, Gauge, type Registry } from "@kasbah/runtime";
import { nameConditions } from "../../gateway-files/health/judge.ts";
import type { SecretStore } from "../../secret/secret-store.ts";
import { resourceLabel } from "./resource-label.ts";
import type { ServedNames } from "./served-names.ts";

/** A gateway may serve 2,000 names. Those that expire first have series of their own. */
const maxSeries = 100;

interface Sources {
  readonly store: SecretStore;
  readonly clock: Clock;
}

/** Registers what Prometheus shows of each served name, computed at each scrape. */
export function registerExpiryGauges(registry: Registry, names: ServedNames, sources: Sources): void {
  const gateway = () => names.gateway(names.refusals())?.names ?? [];
  registerExpiry(registry, names, sources, gateway);
  registerUnserved(registry, names);
  new Gauge({
    name: "kasbah_agent_gateway_names",
    help: "File names that clients are subscribed to, by condition; a name can have several.",
    labelNames: ["condition"],
    registers: [registry],
    collect() {
      const all = gateway();
      this.reset();
      if (all.length === 0) return;
      for (const condition of nameConditions) {
        this.set({ condition }, all.filter(({ conditions }) => conditions.includes(condition)).length);
      }
      this.set({ condition: "fine" }, all.filter(({ conditions }) => conditions.length === 0).length);
    },
  });
  new Gauge({
    name: "kasbah_agent_refused_names",
    help: "1 for each name whose current contents a client rejects (NACK), at most 100.",
    labelNames: ["resource_name"],
    registers: [registry],
    collect() {
      this.reset();
      for (const name of [...names.refusals().keys()].slice(0, maxSeries)) {
        this.set({ resource_name: resourceLabel(name) }, 1);
      }
    },
  });
}

/** Registers what clients cannot get. */
function registerUnserved(registry: Registry, names: ServedNames): void {
  new Gauge({
    name: "kasbah_agent_unserved_names",
    help: "Names that clients request and the agent does not serve, at most 16 of each client.",
    registers: [registry],
    collect() {
      this.set(names.unserved().size);
    },
  });
}

type GatewayNow = () => NonNullable<ReturnType<ServedNames["gateway"]>>["names"];

function registerExpiry(
  registry: Registry,
  names: ServedNames,
  { store, clock }: Sources,
  gateway: GatewayNow,
): void {
  const registers = [registry];
  const leftSeconds = (notAfter: Date, now: Date) => (notAfter.getTime() - now.getTime()) / 1000;
  const expiries = () =>
    gateway()
      .flatMap(({ name, served }) => (served === undefined ? [] : [{ name, notAfter: served.notAfter }]))
      .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  new Gauge({
    name: "istio_agent_cert_expiry_seconds",
    help: "Seconds until what is served under a name expires, negative afterwards: of default, of ROOTCA (its last root), and of the 100 file names that expire first.",
    labelNames: ["resource_name"],
    registers,
    collect() {
      this.reset();
      const notAfter = store.current?.notAfter;
      const root = names.lastRoot;
      if (notAfter !== undefined) this.set({ resource_name: "default" }, leftSeconds(notAfter, store.now()));
      if (root !== undefined) this.set({ resource_name: "ROOTCA" }, leftSeconds(root.notAfter, store.now()));
      for (const one of expiries().slice(0, maxSeries)) {
        this.set({ resource_name: resourceLabel(one.name) }, leftSeconds(one.notAfter, clock.now()));
      }
    },
  });
  new Gauge({
    name: "kasbah_agent_gateway_first_expiry_seconds",
    help: "Seconds until the first expiry of all file names.",
    labelNames: ["resource_name"],
    registers,
    collect() {
      this.reset();
      const [first] = expiries();
      if (first === undefined) return;
      this.set({ resource_name: resourceLabel(first.name) }, leftSeconds(first.notAfter, clock.now()));
    },
  });
  new Gauge({
    name: "kasbah_agent_gateway_series_omitted",
    help: "File names without a series of their own, because 100 others expire sooner.",
    registers,
    collect() {
      this.set(Math.max(0, expiries().length - maxSeries));
    },
  });
}
