import { knownFlags } from "@kasbah/ca-server/arguments";
import { closestName, quoted } from "@kasbah/runtime";
import { z } from "zod";

// Patterns that say what the parsers of kasbah-server say, for the chart, which can only match patterns.
// test/deploy/server-fields.test.ts compares them with the parsers. Go's regular expressions have no look-ahead.

const dnsLabel = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/** The length of its labels is not limited. */
const subdomainText = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*";
const objectName = "expected a Kubernetes name: lower-case letters, digits, hyphens and dots";

/** A duration above zero; Go's `24h0m0s` is one. */
export const serverDuration = z
  .string()
  .regex(/^(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m)?(?:\d{1,9}s)?(?:\d{1,9}ms)?$/, {
    error: "expected a duration such as 90s, 15m or 24h",
    abort: true,
  })
  .regex(/[1-9]/, "expected a duration above zero such as 90s, 15m or 24h");

export const trustDomainName = z
  .string()
  .regex(/^[a-z0-9._-]{1,255}$/, "expected a trust domain of at most 255 characters a-z 0-9 . - _");

/** The name of a ConfigMap or a Secret. */
export const kubernetesName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${subdomainText}$`), objectName);

export const kubernetesNameOrNone = z
  .string()
  .max(253)
  .regex(new RegExp(`^(?:${subdomainText})?$`), `${objectName}, or an empty value`);

/** A DNS name, also an absolute one, or an IP address. */
export const serverName = z.union(
  [
    z
      .string()
      .max(254)
      .regex(new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*\\.?$`)),
    z.string().regex(z.regexes.ipv6),
    z.string().regex(/^::(?:[fF]{4}:)?(?:\d{1,3}\.){3}\d{1,3}$/),
  ],
  "expected a DNS name in lower case or an IP address",
);

export const nodeAccount = z
  .string()
  .regex(new RegExp(`^\\s*${dnsLabel}/${subdomainText}\\s*$`), "expected <namespace>/<service account>");

/** The chart and `kasbah install` always give these, and the CA refuses a second one. */
const givenFlags = [
  ...["kubernetes-api", "grpc-address", "http-address", "probe-address"],
  ...["trust-domain", "default-ttl", "max-ttl", "log-format", "log-level", "installation"],
];

const flags = knownFlags().filter(({ name }) => !givenFlags.includes(name));
const namesOf = (takesValue: boolean) =>
  flags
    .filter((flag) => flag.takesValue === takesValue)
    .map(({ name }) => name)
    .join("|");

/** A flag of this release, as one text. */
export const serverFlag = z
  .string()
  .regex(new RegExp(`^--(?:(?:config|${namesOf(true)})=[\\s\\S]+|${namesOf(false)})$`), {
    error: ({ input }) => flagProblem(String(input)),
  });

/** Shows no value of a flag, which may contain a password. */
function flagProblem(text: string): string {
  const [written = ""] = text.split("=", 1);
  const name = written.replace(/^--/, "");
  if (givenFlags.includes(name)) return `${quoted(written)} has a value of its own, or is fixed; remove it`;
  const known = flags.find((flag) => flag.name === name);
  if (known !== undefined) {
    const form = known.takesValue ? `--${name}=VALUE` : `--${name} without a value`;
    return `expected ${form}, as one text, got ${quoted(written)}`;
  }
  const near = closestName(
    written,
    flags.map((flag) => `--${flag.name}`),
  );
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return `expected a flag of kasbah-server, got ${quoted(written)}${hint}`;
}
