import { type Clock, type Logger, Loop } from "@kasbah/runtime";
import { describeExpiry, type ValidityStage, validityStage } from "../../secret/validity.ts";
import type { FileFacts } from "./file-facts.ts";
import type { FileNames } from "./gateway-health.ts";

export interface ValidityAlarmsDeps {
  readonly names: Pick<FileNames, "reports">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 60_000;
/** A gateway whose certificates were all issued on one day would fill the log. */
const maxLines = 20;

const messages = {
  expiring: "a gateway certificate expires soon and has not been renewed",
  expired: "the certificate in the files has expired; serving it anyway",
  "not-yet-valid": "the certificate in the files is not yet valid; serving it anyway",
} as const satisfies Record<Exclude<ValidityStage, "valid">, string>;

/** Logs once when a served certificate should have been renewed, and once when it has expired. */
export class ValidityAlarms {
  readonly #deps: ValidityAlarmsDeps;
  readonly #loop: Loop;
  /** The certificate and the stage that were logged last, by name. */
  readonly #logged = new Map<string, string>();

  constructor(deps: ValidityAlarmsDeps) {
    this.#deps = deps;
    const pass = async () => {
      this.look();
      return lookEveryMs;
    };
    this.#loop = new Loop({ clock: deps.clock, pass });
  }

  start(): void {
    this.#loop.start(lookEveryMs);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Looks at all names. */
  look(): void {
    const { names, logger } = this.#deps;
    const reports = names.reports();
    const present = new Set(reports.map(({ name }) => name));
    for (const name of this.#logged.keys()) if (!present.has(name)) this.#logged.delete(name);
    const news = reports.flatMap(({ name, served }) => (served && this.#newsOf(name, served)) ?? []);
    for (const log of news.slice(0, maxLines)) log();
    const more = news.length - maxLines;
    if (more > 0) logger.warn("more gateway certificates need attention; run kasbah-agent status", { more });
  }

  /** Looks at a certificate that has just been loaded. */
  lookAt(name: string, served: FileFacts): void {
    this.#newsOf(name, served)?.();
  }

  /** The log line that is due for a name; undefined if there is none. */
  #newsOf(name: string, served: FileFacts): (() => void) | undefined {
    const { clock, logger } = this.#deps;
    const now = clock.now();
    const stage = validityStage(served, now);
    if (stage === "valid") return undefined;
    const { serial, notBefore, notAfter } = served;
    const fact = `${stage} ${serial ?? ""} ${notAfter.getTime()}`;
    if (this.#logged.get(name) === fact) return undefined;
    this.#logged.set(name, fact);
    const facts = { resource: name, serial, notBefore, notAfter, validity: describeExpiry(notAfter, now) };
    return () => logger[stage === "expired" ? "error" : "warn"](messages[stage], facts);
  }
}
