import { createHash } from "node:crypto";
import { OncePerReason, SerialQueue } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import { type SecretResource, tlsCertificate, validationContext } from "../sds/envoy-secret.ts";
import { parsePair } from "./certificate-pair.ts";
import type { FileReader } from "./generation-reader.ts";
import type { FileName } from "./resource-name.ts";
import { parseRoots } from "./root-file.ts";

/** What the files of a name came to. */
export interface FileFacts {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly droppedBlocks?: number;
}

/** Told what becomes of names, for log and metrics. */
export interface FileObserver {
  onServed(name: string, facts: FileFacts): void;
  /** What was served before, if anything, goes on being served. */
  onFailure(name: string, error: AgentError): void;
}

export interface FileSecretOptions {
  readonly name: string;
  readonly files: FileName;
  readonly reader: FileReader;
  readonly observer: FileObserver;
  readonly onChange: () => void;
}

/** The last good secret out of the files of one name. */
export class FileSecret {
  readonly #options: FileSecretOptions;
  #paths: readonly string[] = [];
  #resource: SecretResource | undefined;
  #digest: string | undefined;
  readonly #complaint = new OncePerReason();
  readonly #queue = new SerialQueue();

  constructor(options: FileSecretOptions) {
    this.#options = options;
  }

  get resource(): SecretResource | undefined {
    return this.#resource;
  }

  /** Says where the contents are, in the order of the name. */
  follow(paths: readonly string[]): void {
    this.#paths = paths;
  }

  /** Reads the files again, one call after the other. Rejects when the same bytes may be read better later. */
  refresh(): Promise<void> {
    return this.#queue.run(() => this.#refresh());
  }

  async #refresh(): Promise<void> {
    const { reader } = this.#options;
    try {
      const contents = await reader.readTogether(this.#paths);
      const digest = digestOf(contents);
      if (digest !== this.#digest) this.#take(contents);
      this.#digest = digest;
      this.#complaint.clear();
    } catch (cause) {
      const error = asAgentError(cause);
      this.#complain(error);
      // What is wrong with content stays wrong until the content changes, and then we are called.
      if (error.code === "FILE_UNREADABLE") throw error;
    }
  }

  #take(contents: readonly Buffer[]): void {
    const { name, files, observer, onChange } = this.#options;
    const { resource, facts } = secretOf(name, files, contents);
    const isNew = resource.version !== this.#resource?.version;
    this.#resource = resource;
    if (!isNew) return;
    observer.onServed(name, facts);
    onChange();
  }

  #complain(error: AgentError): void {
    // The good bytes may come back, and must be looked at then.
    this.#digest = undefined;
    this.#complaint.failed(error.message, () => this.#options.observer.onFailure(this.#options.name, error));
  }
}

function secretOf(
  name: string,
  files: FileName,
  [first = Buffer.alloc(0), second = Buffer.alloc(0)]: readonly Buffer[],
): { resource: SecretResource; facts: FileFacts } {
  if (files.kind === "pair") {
    const { chainPem, keyPem, ...facts } = parsePair(first, second);
    return { resource: tlsCertificate(name, Buffer.from(chainPem), Buffer.from(keyPem)), facts };
  }
  const { pem, dropped } = parseRoots(first);
  return { resource: validationContext(name, Buffer.from(pem)), facts: { droppedBlocks: dropped } };
}

/** Whatever strange bytes bring about in OpenSSL is a matter of this name alone. */
function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError("FILE_INVALID", "the files cannot be used", { cause: error });
}

function digestOf(contents: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(createHash("sha256").update(content).digest());
  return hash.digest("hex");
}
