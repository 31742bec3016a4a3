import { parseCertificates } from "@kasbah/pki";
import { printableText } from "@kasbah/runtime";

/** A secret as Envoy's `/config_dump` shows it, without the key. */
export interface EnvoySecret {
  readonly name: string;
  /** Of the leaf; undefined if Envoy has no certificate under this name. */
  readonly serial: string | undefined;
  readonly notAfter: Date | undefined;
  /** Why Envoy rejected the last update. */
  readonly error: string | undefined;
  /** Whether Envoy waits for its first content. */
  readonly isWarming: boolean;
}

const maxSecrets = 2_000;

/** Reads the answer of `/config_dump?resource=dynamic_…_secrets`, which another program may have written. */
export function parseSecretDump(text: string, isWarming: boolean): readonly EnvoySecret[] {
  return list(jsonOf(text), "configs")
    .slice(0, maxSecrets)
    .flatMap((config) => {
      const name = textAt(config, "name");
      if (name === undefined) return [];
      const leaf = leafIn(config);
      return {
        name,
        serial: leaf?.serial,
        notAfter: leaf?.notAfter,
        error: textAt(config, "error_state", "details"),
        isWarming,
      };
    });
}

function leafIn(config: unknown) {
  const chain = at(config, ["secret", "tls_certificate", "certificate_chain"]);
  const bytes = field(chain, "inline_bytes");
  const inline = field(chain, "inline_string");
  const pem = typeof bytes === "string" ? Buffer.from(bytes, "base64").toString("latin1") : inline;
  if (typeof pem !== "string") return undefined;
  try {
    return parseCertificates(pem)[0];
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === "string" && found !== "" ? printableText(found, 500) : undefined;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce(field, value);
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
