import { StateError } from "../../errors.ts";
import { arrivingMark, encodeMark, movedMark, parseMark } from "../../ownership/mark.ts";
import type { PlaceContent, StatePlace, StoredCa, StoredFiles } from "../../ownership/place.ts";
import { type ControlDocument, createDocument, parseDocument } from "../../store/control/document.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { controlKey, decodeBase64, secretLabels, secretType } from "./authority-snapshot.ts";
import {
  collectionOf,
  fetchSecret,
  notDurable,
  parseReply,
  pathOf,
  type SecretPath,
  secretNameOf,
} from "./exchange.ts";

export interface SecretPlaceDeps extends SecretPath {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put">;
}

type Texts = ReadonlyMap<string, string>;

const pattern = /^([a-z0-9-]+)\.(key|crt)\.pem$/;

/**
 * A Secret as a place of a CA. While it does not own the CA, it has no control state, so no release of the CA
 * uses it.
 */
export class SecretPlace implements StatePlace {
  readonly name: string;
  readonly #deps: SecretPlaceDeps;

  constructor(deps: SecretPlaceDeps) {
    this.name = secretNameOf(deps);
    this.#deps = deps;
  }

  async read(): Promise<PlaceContent> {
    return this.#contentOf((await this.#fetch()).texts);
  }

  /** The Secret contains the keys in any case. */
  look(): Promise<PlaceContent> {
    return this.read();
  }

  async stage(from: string, { state, files }: StoredCa): Promise<void> {
    await this.#replace((texts) => {
      if (texts.has(controlKey)) throw notDurable(this.#deps, "another CA has been written to it meanwhile");
      const former = texts.get(movedMark) ?? texts.get(arrivingMark);
      const generation = former === undefined ? 1 : parseMark(former, this.name).generation + 1;
      return new Map([[arrivingMark, encodeMark({ place: from, state, generation })], ...textsOf(files)]);
    });
  }

  async commit(): Promise<void> {
    await this.#replace((texts) => {
      const text = texts.get(arrivingMark);
      if (text === undefined) return undefined;
      const { state, generation } = parseMark(text, this.name);
      const control = JSON.stringify(createDocument(generation, state));
      return new Map([[controlKey, control], ...keysIn(texts)]);
    });
  }

  async retire(to: string): Promise<void> {
    await this.#replace((texts) => {
      const { state, generation } = this.#documentIn(texts);
      const mark = encodeMark({ place: to, state, generation: generation + 1 });
      return new Map([[movedMark, mark], ...keysIn(texts)]);
    });
  }

  async erase(): Promise<void> {
    await this.#replace((texts) => {
      const left = [...texts].filter(([name]) => !name.endsWith(".key.pem"));
      return left.length === texts.size ? undefined : new Map(left);
    });
  }

  #contentOf(texts: Texts): PlaceContent {
    const files = filesIn(texts);
    const [arriving, moved] = [texts.get(arrivingMark), texts.get(movedMark)];
    if (arriving !== undefined) {
      const { place: from, state } = parseMark(arriving, this.name);
      return { kind: "arriving", from, ca: { state, files } };
    }
    if (moved !== undefined) {
      const { place: to, state } = parseMark(moved, this.name);
      return { kind: "moved", to, ca: { state, files } };
    }
    return texts.size === 0
      ? { kind: "empty" }
      : { kind: "owner", ca: { state: this.#documentIn(texts).state, files } };
  }

  #documentIn(texts: Texts): ControlDocument {
    const document = parseDocument(texts.get(controlKey) ?? "", this.name);
    if (document !== undefined) return document;
    throw new StateError(
      "STATE_DAMAGED",
      `${this.name} has no valid ${controlKey}: restore it from a backup; clients would not trust a new root`,
    );
  }

  async #fetch(): Promise<{ readonly version: string | undefined; readonly texts: Texts }> {
    const secret = await fetchSecret(this.#deps);
    if (secret === undefined) return { version: undefined, texts: new Map() };
    const { metadata, type, data = {} } = secret;
    if (type !== secretType) {
      throw new StateError(
        "STATE_DAMAGED",
        `${this.name} has the type ${JSON.stringify(type)}, expected ${secretType}: configure another Secret`,
      );
    }
    const texts = Object.entries(data).map(([name, base64]) => [name, decodeBase64(base64)] as const);
    return { version: metadata.resourceVersion, texts: new Map(texts) };
  }

  /** One write, or none if `change` returns undefined. @throws StateError `STATE_NOT_DURABLE` */
  async #replace(change: (texts: Texts) => Texts | undefined): Promise<void> {
    const { version: resourceVersion, texts } = await this.#fetch();
    const changed = change(texts);
    if (changed === undefined) return;
    const { client, namespace, name } = this.#deps;
    const encoded = [...changed].map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const metadata = { namespace, name, ...secretLabels };
    const secret = { apiVersion: "v1", kind: "Secret", type: secretType, data: Object.fromEntries(encoded) };
    const sending =
      resourceVersion === undefined
        ? client.post(collectionOf(namespace), { ...secret, metadata })
        : client.put(pathOf(this.#deps), { ...secret, metadata: { ...metadata, resourceVersion } });
    const reply = await sending.catch((cause: unknown) => {
      throw notDurable(this.#deps, "the API server does not answer", cause);
    });
    if (reply.status === 409) throw notDurable(this.#deps, "it was changed meanwhile: try again");
    parseReply(this.#deps, reply);
  }
}

function textsOf(files: ReadonlyMap<string, StoredFiles>): (readonly [string, string])[] {
  return [...files].flatMap(([id, { key, certificate }]) => [
    ...(key === undefined ? [] : [[`${id}.key.pem`, key] as const]),
    [`${id}.crt.pem`, certificate] as const,
  ]);
}

function filesIn(texts: Texts): ReadonlyMap<string, StoredFiles> {
  const ids = new Set(keysIn(texts).map(([name]) => pattern.exec(name)?.[1] ?? ""));
  return new Map(
    [...ids].sort().flatMap((id) => {
      const certificate = texts.get(`${id}.crt.pem`);
      return certificate === undefined
        ? []
        : [[id, { key: texts.get(`${id}.key.pem`), certificate }] as const];
    }),
  );
}

function keysIn(texts: Texts): (readonly [string, string])[] {
  return [...texts].filter(([name]) => pattern.test(name));
}
