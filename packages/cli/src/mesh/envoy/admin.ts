import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { getOnce } from "../processes/http-request.ts";

/** A certificate that Envoy currently uses. */
export interface EnvoyCertificate {
  /** Lower-case hex without leading zeros, as in Envoy's output. */
  readonly serial: string;
  readonly uris: readonly string[];
}

/**
 * A small client for Envoy's admin interface. Throws CliError `ENVOY_ADMIN_FAILED` if Envoy does not answer.
 */
export class EnvoyAdmin {
  readonly #address: HostPort;

  constructor(address: HostPort) {
    this.#address = address;
  }

  /** True once Envoy is LIVE, which requires secrets for every listener. */
  async isReady(): Promise<boolean> {
    try {
      return (await getOnce(this.#address, "/ready", AbortSignal.timeout(2000))).status === 200;
    } catch {
      return false;
    }
  }

  /** The counter or gauge with exactly this name, or 0 before Envoy creates it. */
  async stat(name: string): Promise<number> {
    const filter = encodeURIComponent(`^${name.replace(/[.\\^$*+?()[\]{}|]/g, "\\$&")}$`);
    const answer = await this.#get(`/stats?format=json&filter=${filter}`);
    const stat = list(answer, "stats").find((entry) => field(entry, "name") === name);
    const value = field(stat, "value");
    return typeof value === "number" ? value : 0;
  }

  /** The leaf of each certificate in use. */
  async certificates(): Promise<readonly EnvoyCertificate[]> {
    const answer = await this.#get("/certs");
    return list(answer, "certificates")
      .flatMap((entry) => list(entry, "cert_chain").slice(0, 1))
      .map((leaf) => ({
        serial: String(field(leaf, "serial_number")).toLowerCase(),
        uris: list(leaf, "subject_alt_names").flatMap((name) => {
          const uri = field(name, "uri");
          return typeof uri === "string" ? [uri] : [];
        }),
      }));
  }

  async #get(path: string): Promise<unknown> {
    try {
      const { status, body } = await getOnce(this.#address, path);
      if (status !== 200) throw new TypeError(`status ${status}`);
      return JSON.parse(body);
    } catch (cause) {
      throw new CliError(
        "ENVOY_ADMIN_FAILED",
        `Envoy's admin interface http://${formatHostPort(this.#address)}${path} did not answer`,
        {
          cause,
        },
      );
    }
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
