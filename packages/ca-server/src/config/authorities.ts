import { isIP } from "node:net";
import { authorityKeyTypeNames, type TrustDomain } from "@kasbah/pki";
import { type ConfigOf, option, schema } from "@kasbah/runtime";
import { isCronPattern } from "@kasbah/runtime/cron";

/** Where the CA's keys come from, their lifetimes, and when they are replaced. */
export const authorityOptions = {
  rootKey: option({
    flag: "--root-key <type>",
    env: "KASBAH_ROOT_KEY",
    help: `key type of authorities created from now on: ${authorityKeyTypeNames.join(", ")}`,
    schema: schema.choice(authorityKeyTypeNames),
    default: "P-256",
    group: "Authorities",
  }),
  rootTtl: option({
    flag: "--root-ttl <duration>",
    env: "CITADEL_SELF_SIGNED_CA_CERT_TTL",
    help: "lifetime of new roots; the default is ten years",
    schema: schema.duration,
    default: "87600h",
    group: "Authorities",
  }),
  intermediateTtl: option({
    flag: "--intermediate-ttl <duration>",
    env: "KASBAH_INTERMEDIATE_TTL",
    help: "lifetime of new intermediates, which sign workload certificates in place of the root; the default is one year",
    schema: schema.duration,
    default: "8760h",
    group: "Authorities",
  }),
  noIntermediate: option({
    flag: "--no-intermediate",
    env: "KASBAH_NO_INTERMEDIATE",
    help: "let new roots sign workload certificates directly, as Istio's own CA does",
    schema: schema.boolean,
    default: "false",
    group: "Authorities",
  }),
  issuerNameConstraints: option({
    flag: "--issuer-name-constraints",
    env: "KASBAH_ISSUER_NAME_CONSTRAINTS",
    help: "limit intermediates to the trust domain with an X.509 name constraint, which ztunnel and other users of rustls reject",
    schema: schema.boolean,
    default: "false",
    group: "Authorities",
  }),
  rootCaDir: option({
    flag: "--root-ca-dir <dir>",
    env: "ROOT_CA_DIR",
    help: "use the CA in this directory (ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem; or tls.crt, tls.key, ca.crt) and reload it when it changes",
    reload: "when it changes",
    schema: schema.path,
    optional: true,
    group: "Authorities",
  }),
  keyPassphraseFile: option({
    flag: "--key-passphrase-file <file>",
    env: "KASBAH_KEY_PASSPHRASE_FILE",
    help: "encrypt the CA's keys on disk with the passphrase on the first line of this file, at most 1024 octets",
    schema: schema.path,
    optional: true,
    group: "Authorities",
  }),
  rootRotation: option({
    flag: "--root-rotation <mode>",
    env: "KASBAH_ROOT_ROTATION",
    help: "auto: replace roots and intermediates after two thirds of their lifetime; manual: only on command",
    schema: schema.choice(["auto", "manual"]),
    default: "auto",
    group: "Authorities",
  }),
  minStage: option({
    flag: "--min-stage <duration>",
    env: "KASBAH_MIN_STAGE",
    help: "minimum duration of each stage of a rotation in time since boot, independent of the wall clock",
    schema: schema.durationOrZero,
    default: "30s",
    group: "Authorities",
  }),
  keepRetiredKeys: option({
    flag: "--keep-retired-keys <duration>",
    env: "KASBAH_KEEP_RETIRED_KEYS",
    help: "how long the key of a retired authority is kept, unused, so that kasbah authority recall can bring it back",
    schema: schema.durationOrZero,
    default: "168h",
    group: "Authorities",
  }),
  rotationSchedule: option({
    flag: "--rotation-schedule <cron>",
    env: "KASBAH_ROTATION_SCHEDULE",
    help: "cron pattern with five or six fields: when a due rotation may start; a rotation in progress continues at any time",
    schema: schema.parsed(parseCronPattern, "cron pattern"),
    default: "*/10 * * * * *",
    group: "Authorities",
  }),
};

/** The values of these options, and of the other options that they depend on. */
export type AuthorityConfig = Omit<ConfigOf<typeof authorityOptions>, "rotationSchedule"> & {
  readonly trustDomain: TrustDomain;
  readonly maxTtl: number;
};

/** Options for a running CA, which do not define its authorities. */
type OperationOption = "rootRotation" | "minStage" | "keepRetiredKeys";

/** Checks combinations of options that are each valid. */
export function authorityProblems(config: Omit<AuthorityConfig, OperationOption>): readonly string[] {
  const { rootTtl, intermediateTtl, noIntermediate, issuerNameConstraints, trustDomain } = config;
  const problems: [boolean, string][] = [
    [
      !noIntermediate && intermediateTtl > rootTtl,
      "--intermediate-ttl: is greater than --root-ttl, but a certificate cannot outlive its issuer; lower it",
    ],
    [
      noIntermediate && issuerNameConstraints,
      "--issuer-name-constraints: constrains intermediates, but --no-intermediate creates none; remove one of the two",
    ],
    [
      issuerNameConstraints && !isHostName(trustDomain.name),
      `--issuer-name-constraints: a URI constraint requires a host name, and ${trustDomain.name} is not one; Envoy would reject every certificate`,
    ],
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

/**
 * A trust domain may contain underscores or look like an IP address; a host name may not (RFC 5280
 * §4.2.1.10).
 */
function isHostName(name: string): boolean {
  return isIP(name) === 0 && /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name);
}

function parseCronPattern(text: string): string {
  if (isCronPattern(text)) return text;
  throw new Error('expected a cron pattern of five or six fields, such as "0 3 * * sat"');
}
