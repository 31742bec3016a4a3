import { type Logger, type Secret, SerialQueue } from "@kasbah/runtime";
import { keyPem, parseSigningPair, type SigningPair } from "../../authorities/keys/authority-files.ts";
import type { KeyVault } from "../../authorities/keys/key-vault.ts";
import type { ForeignChangeListener, StateStore } from "../../authorities/state-store.ts";
import { StateError } from "../../errors.ts";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import type { StateCodec } from "../../store/control/control-store.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { type AuthoritySnapshot, encodeSnapshot, parseSnapshot } from "./authority-snapshot.ts";
import { collectionOf, fetchSecret, notDurable, parseReply, pathOf, secretNameOf } from "./exchange.ts";
import type { SecretObject } from "./secret-object.ts";

export interface AuthoritySecretDeps<S> {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put">;
  readonly namespace: string;
  readonly name: string;
  readonly codec: StateCodec<S>;
  /** The state of a new CA. Undefined if a root was in use, so that a missing Secret is a loss. */
  readonly initial: S | undefined;
  /** Also encrypts the keys inside the Secret. */
  readonly passphrase: Secret | undefined;
  readonly logger: Logger;
}

const maxAttempts = 20;

/**
 * Stores the keys and the control state of the authorities in one Secret that all replicas share. Every write
 * names the version that it is based on (`resourceVersion`), so one of two concurrent writers wins and the
 * other starts again from the new version.
 */
export class AuthoritySecret<S> implements StateStore<S>, KeyVault {
  readonly #deps: AuthoritySecretDeps<S>;
  #snapshot: AuthoritySnapshot<S>;
  #listener: ForeignChangeListener<S> | undefined;
  /** The outcome of the last write is unknown, so the next write reads the Secret first. */
  #isUncertain = false;
  readonly #queue = new SerialQueue();

  private constructor(deps: AuthoritySecretDeps<S>, snapshot: AuthoritySnapshot<S>) {
    this.#deps = deps;
    this.#snapshot = snapshot;
  }

  /**
   * Reads the Secret. If missing, it is created together with the first key and state.
   *
   * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`, or `STATE_NOT_DURABLE` if the API server does not
   * answer
   */
  static async open<S>(deps: AuthoritySecretDeps<S>): Promise<AuthoritySecret<S>> {
    const found = await fetchSecret(deps);
    const place = secretNameOf(deps);
    if (found !== undefined) return new AuthoritySecret(deps, parseSnapshot(place, found, deps.codec));
    if (deps.initial === undefined) {
      throw new StateError(
        "STATE_MISSING",
        `${place} is missing, but an authority existed here: restore it from a backup, or follow docs/runbooks/lost-state.md; clients would not trust a new root`,
      );
    }
    const state = deps.initial;
    return new AuthoritySecret(deps, { resourceVersion: undefined, generation: 0, state, files: new Map() });
  }

  get current(): S {
    return this.#snapshot.state;
  }

  /** Registers the listener for changes by other replicas. */
  onForeignChange(listener: ForeignChangeListener<S>): void {
    this.#listener = listener;
  }

  update(change: (current: S) => S): Promise<S> {
    return this.#queue.run(async () => {
      await this.#write((snapshot) => {
        const state = change(snapshot.state);
        return state === snapshot.state ? undefined : { ...snapshot, state };
      });
      return this.#snapshot.state;
    });
  }

  async find(id: string): Promise<SigningPair | undefined> {
    const { files } = this.#snapshot;
    const [key, certificate] = [files.get(`${id}.key.pem`), files.get(`${id}.crt.pem`)];
    if (key === undefined && certificate === undefined) return undefined;
    if (key !== undefined && certificate !== undefined) {
      const pair = parseSigningPair(this.placeOf(id), key, certificate, this.#deps.passphrase);
      if (pair.certificate.publicKey.equals(pair.keyPair.publicKey)) return pair;
      throw new StateError(
        "AUTHORITY_MISMATCH",
        `${this.placeOf(id)}: the key and the certificate do not match: restore both from one backup`,
      );
    }
    throw new StateError(
      "AUTHORITY_INCOMPLETE",
      `${this.placeOf(id)} is incomplete: restore it from a backup`,
    );
  }

  put(id: string, { keyPair, certificate }: SigningPair): Promise<boolean> {
    return this.#queue.run(async () => {
      const key = Buffer.from(await keyPem(keyPair, this.#deps.passphrase)).toString();
      return this.#write((snapshot) => {
        if (snapshot.files.has(`${id}.key.pem`) || snapshot.files.has(`${id}.crt.pem`)) return undefined;
        const added = [[`${id}.key.pem`, key] as const, [`${id}.crt.pem`, certificate.toPem()] as const];
        return { ...snapshot, files: new Map([...snapshot.files, ...added]) };
      });
    });
  }

  async holdsKey(id: string): Promise<boolean> {
    return this.#snapshot.files.has(`${id}.key.pem`);
  }

  remove(id: string): Promise<boolean> {
    return this.#queue.run(() =>
      this.#write((snapshot) => {
        if (!snapshot.files.has(`${id}.key.pem`)) return undefined;
        const left = [...snapshot.files].filter(([name]) => name !== `${id}.key.pem`);
        return { ...snapshot, files: new Map(left) };
      }),
    );
  }

  placeOf(id: string): string {
    return `${id} in ${secretNameOf(this.#deps)}`;
  }

  /** Adopts a version that the watch delivered; a version older than the current one is ignored. */
  observe(secret: SecretObject): Promise<void> {
    return this.#queue.run(() => this.#adopt(secret));
  }

  /** Reads the current version, and recreates the Secret with its whole content if it was deleted. */
  restore(): Promise<void> {
    return this.#queue.run(async () => {
      const hasBegun = this.#snapshot.generation > 0;
      await this.#reload();
      if (this.#snapshot.resourceVersion !== undefined || !hasBegun) return;
      this.#deps.logger.error("the CA's Secret was deleted; recreating it", {
        secret: secretNameOf(this.#deps),
      });
      await this.#send({
        ...this.#snapshot,
        resourceVersion: undefined,
        generation: this.#snapshot.generation + 1,
      });
    });
  }

  /** Returns false if there is nothing left to write. @throws StateError `STATE_NOT_DURABLE` */
  async #write(
    change: (snapshot: AuthoritySnapshot<S>) => AuthoritySnapshot<S> | undefined,
  ): Promise<boolean> {
    if (this.#isUncertain) await this.#reload();
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const changed = change(this.#snapshot);
      if (changed === undefined) return false;
      if (await this.#send({ ...changed, generation: this.#snapshot.generation + 1 })) return true;
      await this.#reload();
    }
    throw notDurable(this.#deps, `${maxAttempts} attempts lost to concurrent writes`);
  }

  /** Returns false if another writer was faster. */
  async #send(next: AuthoritySnapshot<S>): Promise<boolean> {
    const body = encodeSnapshot(this.#deps, next, this.#deps.codec);
    const { client, namespace } = this.#deps;
    const isNew = next.resourceVersion === undefined;
    // A new CA starts with one write: nothing is stored until the first state and its keys are written
    // together.
    if (isNew && next.files.size > 0 && next.state === this.#deps.initial) return this.#stage(next);
    this.#isUncertain = true;
    const reply = await this.#tried(
      isNew ? client.post(collectionOf(namespace), body) : client.put(pathOf(this.#deps), body),
    );
    this.#isUncertain = false;
    if (reply.status === 409 || (reply.status === 404 && !isNew)) return false;
    const { metadata } = parseReply(this.#deps, reply);
    this.#snapshot = { ...next, resourceVersion: metadata.resourceVersion };
    return true;
  }

  #stage(next: AuthoritySnapshot<S>): boolean {
    this.#snapshot = { ...next, generation: 0 };
    return true;
  }

  async #reload(): Promise<void> {
    const found = await fetchSecret(this.#deps);
    this.#isUncertain = false;
    if (found !== undefined) await this.#adopt(found);
    // Even a version without new content counts, because a changed label or a restored older copy also
    // changes it.
    this.#snapshot = { ...this.#snapshot, resourceVersion: found?.metadata.resourceVersion };
  }

  async #adopt(secret: SecretObject): Promise<void> {
    const next = parseSnapshot(secretNameOf(this.#deps), secret, this.#deps.codec);
    const before = this.#snapshot;
    const isKnown = before.resourceVersion !== undefined && next.generation <= before.generation;
    if (isKnown) return;
    // The keys come first, because a state that takes effect must be able to sign.
    this.#snapshot = { ...next, state: before.state };
    try {
      await this.#listener?.prepare(next.state);
    } catch (error) {
      this.#snapshot = before;
      throw error;
    }
    this.#snapshot = next;
    this.#listener?.changed(next.state, before.state);
  }

  async #tried(sending: Promise<HttpsReply>): Promise<HttpsReply> {
    try {
      return await sending;
    } catch (cause) {
      throw notDurable(this.#deps, "the API server does not answer", cause);
    }
  }
}
