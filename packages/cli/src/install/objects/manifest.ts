/** A value in a manifest. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type ObjectLabels = Readonly<Record<string, string>>;

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: ObjectLabels;
  readonly annotations?: ObjectLabels;
}

/** One object of the Kubernetes API, as passed to `kubectl apply`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  /** `spec`, `rules`, `data` and other parts of the kind. */
  readonly [part: string]: Json | Metadata | undefined;
}

/** Removes empty values, so that manifests contain only what matters. */
export function withoutEmpty(
  parts: Readonly<Record<string, Json | undefined>>,
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, value]) => (isEmpty(value) ? [] : [[name, value]])),
  );
}

function isEmpty(value: Json | undefined): value is "" | null | undefined {
  if (value === undefined || value === "" || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
