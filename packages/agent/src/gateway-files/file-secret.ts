import { createHash } from "node:crypto";
import type { SkippedRoot } from "@kasbah/pki";
import { type Clock, OncePerReason, SerialQueue } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import { type SecretResource, tlsCertificate, validationContext } from "../sds/envoy-secret.ts";
import type { SkippedRootsObserver } from "../secret/skipped-roots.ts";
import { parseCertificatePair } from "./certificate-pair.ts";
import type { GenerationReader } from "./generation-reader.ts";
import { type FileFacts, factsOfChain } from "./health/file-facts.ts";
import type { FileFailure, FileNameReport } from "./health/judge.ts";
import type { FileName } from "./resource-name.ts";
import { parseRoots } from "./root-file.ts";

/** Observes the files of names, for the log and the metrics. */
export interface FileObserver extends Partial<SkippedRootsObserver> {
  onServed(name: string, facts: FileFacts): void;
  /** The content served before, if any, stays. */
  onFailure(name: string, error: AgentError): void;
}

export interface FileSecretDeps {
  readonly name: string;
  readonly files: FileName;
  readonly reader: GenerationReader;
  readonly observer: FileObserver;
  readonly clock: Pick<Clock, "now">;
  readonly onChange: () => void;
  /** Aborts when the name is no longer served; after that nothing is reported. */
  readonly signal: AbortSignal;
}

/** The last valid secret from the files of one name. */
export class FileSecret {
  readonly #deps: FileSecretDeps;
  #paths: readonly string[] = [];
  #resource: SecretResource | undefined;
  #served: FileFacts | undefined;
  #failure: FileFailure | undefined;
  #digest: string | undefined;
  readonly #reported = new OncePerReason();
  readonly #queue = new SerialQueue();

  constructor(deps: FileSecretDeps) {
    this.#deps = deps;
  }

  get resource(): SecretResource | undefined {
    return this.#resource;
  }

  /** What is served, and why it is not what the files contain. */
  get report(): FileNameReport {
    return { name: this.#deps.name, served: this.#served, failure: this.#failure };
  }

  /** Sets the paths of the contents, in the order of the name. */
  follow(paths: readonly string[]): void {
    this.#paths = paths;
  }

  /** Reads the files again; calls are serialized. Rejects if a retry may succeed with the same contents. */
  refresh(): Promise<void> {
    return this.#queue.run(() => this.#refresh());
  }

  async #refresh(): Promise<void> {
    const { reader, signal } = this.#deps;
    if (signal.aborted) return;
    try {
      const contents = await reader.readTogether(this.#paths);
      if (signal.aborted) return;
      const digest = digestOf(contents);
      if (digest !== this.#digest) this.#take(contents);
      this.#digest = digest;
      this.#failure = undefined;
      this.#reported.clear();
    } catch (cause) {
      if (signal.aborted) return;
      const error = asAgentError(cause);
      this.#report(error);
      // Invalid contents stay invalid until they change, and a change triggers another call.
      if (error.code === "FILE_UNREADABLE") throw error;
    }
  }

  #take(contents: readonly Buffer[]): void {
    const { name, files, observer, onChange } = this.#deps;
    const { resource, facts, skipped = [] } = buildSecret(name, files, contents);
    observer.onSkippedRoots?.(name, skipped);
    const isNew = resource.version !== this.#resource?.version;
    this.#resource = resource;
    this.#served = facts;
    if (!isNew) return;
    observer.onServed(name, facts);
    onChange();
  }

  #report(error: AgentError): void {
    // If the valid contents come back, they must be parsed again.
    this.#digest = undefined;
    const { code, message } = error;
    this.#failure = { code, message, since: this.#failure?.since ?? this.#deps.clock.now() };
    this.#reported.failed(error.message, () => this.#deps.observer.onFailure(this.#deps.name, error));
  }
}

function buildSecret(
  name: string,
  files: FileName,
  [first = Buffer.alloc(0), second = Buffer.alloc(0)]: readonly Buffer[],
): { resource: SecretResource; facts: FileFacts; skipped?: readonly SkippedRoot[] } {
  if (files.kind === "pair") {
    const { chainPem, keyPem } = parseCertificatePair(first, second);
    const resource = tlsCertificate(name, Buffer.from(chainPem), Buffer.from(keyPem));
    return { resource, facts: factsOfChain(chainPem) };
  }
  const { pem, facts, skipped } = parseRoots(first);
  return { resource: validationContext(name, Buffer.from(pem)), facts, skipped };
}

/** Unexpected contents that make OpenSSL fail must affect only this name. */
function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError("FILE_INVALID", "cannot use the files", { cause: error });
}

function digestOf(contents: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(createHash("sha256").update(content).digest());
  return hash.digest("hex");
}
