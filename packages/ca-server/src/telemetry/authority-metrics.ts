import type { Certificate } from "@kasbah/pki";
import { Gauge, type Registry } from "@kasbah/runtime";
import { type AuthorityState, authorityOf, rootOf } from "../authorities/rotation/authority-state.ts";

/** Numbers in the order of the stages, so that a graph of them rises. */
const stageNumbers = { prepared: 0, distributed: 1, active: 2, retiring: 3, retired: 4 } as const;

export interface AuthorityGauges {
  readonly state: AuthorityState;
}

/** Registers gauges of expiry and of rotations in progress. Names that begin with `citadel_` are Istio's. */
export function registerAuthorityMetrics(
  registry: Registry,
  authorities: AuthorityGauges,
  warnings: () => readonly string[],
  now: () => Date,
): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  for (const { part, words, end } of chainMembers(authorities)) {
    const name = `citadel_server_${part}_expiry`;
    gauge(`${name}_timestamp`, `Expiry of ${words}, in seconds since the Unix epoch.`, () => end() / 1000);
    const left = () => (end() - now().getTime()) / 1000;
    gauge(`${name}_seconds`, `Seconds until ${words} expires; negative after its expiry.`, left);
  }
  gauge(
    "kasbah_authority_epoch",
    "Number of authority transitions; grows with each one.",
    () => authorities.state.epoch,
  );
  const looks =
    "Warnings for the operator, such as a rejected plugged-in CA or policy; /healthz/ready lists them.";
  gauge("kasbah_warnings", looks, () => warnings().length);
  registerEach(registry, authorities);
}

/** Registers the number of roots in the operator's root file that the CA cannot use. */
export function registerRootFileGauge(registry: Registry, roots: { readonly skippedRoots: number }): void {
  new Gauge({
    name: "kasbah_skipped_roots",
    help: "Blocks in root-cert.pem of --root-ca-dir that are not usable roots and are not trusted.",
    registers: [registry],
    collect() {
      this.set(roots.skippedRoots);
    },
  });
}

function chainMembers(authorities: AuthorityGauges) {
  const signer = () => authorityOf(authorities.state, authorities.state.signerId);
  const root = () => rootOf(authorities.state, authorities.state.signerId);
  const firstEnd = (chain: readonly Certificate[]) =>
    Math.min(...chain.map(({ notAfter }) => notAfter.getTime()));
  return [
    { part: "root_cert", words: "the active root", end: () => firstEnd([root().certificate]) },
    {
      part: "cert_chain",
      words: "the first certificate of the signing chain",
      end: () => firstEnd([signer().certificate, ...signer().chain]),
    },
  ];
}

/** One series for each authority that is not retired. */
function registerEach(registry: Registry, authorities: AuthorityGauges): void {
  const each = (name: string, help: string, value: (one: AuthorityState["authorities"][number]) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["authority", "kind"],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of authorities.state.authorities) {
          if (one.stage !== "retired") this.set({ authority: one.id, kind: one.kind }, value(one));
        }
      },
    });
  each(
    "kasbah_authority_expiry_timestamp",
    "Expiry of each authority that has not retired, in seconds since the Unix epoch.",
    ({ certificate }) => certificate.notAfter.getTime() / 1000,
  );
  each(
    "kasbah_authority_stage",
    "Stage of each authority: 0 prepared, 1 distributed, 2 active, 3 retiring.",
    ({ stage }) => stageNumbers[stage],
  );
}
