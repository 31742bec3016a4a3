import { StateError } from "../../errors.ts";
import { movedMark, parseMark } from "../../ownership/mark.ts";
import type { StateCodec } from "../../store/control/control-store.ts";
import { createDocument, parseDocument } from "../../store/control/document.ts";
import type { SecretObject } from "./secret-object.ts";

/** The content of one version of the Secret. */
export interface AuthoritySnapshot<S> {
  /** Assigned by the API server; undefined until the Secret exists. */
  readonly resourceVersion: string | undefined;
  /** Increases with each write of a key or of the state. */
  readonly generation: number;
  readonly state: S;
  /** PEM by name: `<id>.key.pem` and `<id>.crt.pem`. */
  readonly files: ReadonlyMap<string, string>;
}

export const secretType = "kasbah.dev/ca";
export const controlKey = "control.json";
const fileName = /^[a-z0-9-]+\.(key|crt)\.pem$/;

/**
 * Parses a Secret that the CA wrote. @throws StateError `STATE_DAMAGED` if another program wrote or altered
 * it
 */
export function parseSnapshot<S>(
  place: string,
  secret: SecretObject,
  codec: StateCodec<S>,
): AuthoritySnapshot<S> {
  const { metadata, type, data = {} } = secret;
  if (type !== secretType) {
    throw damaged(
      `${place} has the type ${JSON.stringify(type)}, expected ${secretType}: configure another Secret`,
    );
  }
  const document = parseDocument(decodeBase64(data[controlKey] ?? ""), place);
  if (data[movedMark] !== undefined) throw movedAway(place, decodeBase64(data[movedMark]));
  if (document === undefined) {
    throw damaged(
      `${place} has no valid ${controlKey}: restore it from a backup; clients would not trust a new root`,
    );
  }
  const names = Object.keys(data).filter((name) => fileName.test(name));
  return {
    resourceVersion: metadata.resourceVersion,
    generation: document.generation,
    state: decode(place, document.state, codec),
    files: new Map(names.map((name) => [name, decodeBase64(data[name] ?? "")])),
  };
}

/** Returns the Secret that contains a snapshot. */
export function encodeSnapshot<S>(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { resourceVersion, generation, state, files }: AuthoritySnapshot<S>,
  codec: StateCodec<S>,
): SecretObject & { readonly apiVersion: string; readonly kind: string } {
  const control = JSON.stringify(createDocument(generation, codec.encode(state)));
  const texts = [[controlKey, control] as const, ...files];
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      ...secretLabels,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: secretType,
    data: Object.fromEntries(texts.map(([name, text]) => [name, Buffer.from(text).toString("base64")])),
  };
}

/** A replica that still uses this Secret must stop. */
function movedAway(place: string, text: string): StateError {
  const { place: to } = parseMark(text, place);
  return new StateError(
    "STATE_CONFLICT",
    `the CA was moved from ${place} to ${to}: only one place may own it`,
  );
}

export const secretLabels = {
  labels: { "app.kubernetes.io/name": "kasbah", "app.kubernetes.io/managed-by": "kasbah" },
} as const;

function decode<S>(place: string, state: unknown, codec: StateCodec<S>): S {
  try {
    return codec.decode(state);
  } catch (cause) {
    throw damaged(`this release does not recognize the state in ${place}`, cause);
  }
}

export function decodeBase64(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function damaged(message: string, cause?: unknown): StateError {
  return new StateError("STATE_DAMAGED", message, { cause });
}
