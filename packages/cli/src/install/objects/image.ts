import type { Installation } from "./installation.ts";
import type { Json } from "./manifest.ts";

/** The CA's image; a global registry applies to a repository that names none. */
export function imageOf({ values, version }: Installation): string {
  const { repository, tag, digest } = values.image;
  const registry = values.global.imageRegistry?.replace(/\/$/, "") ?? "";
  const prefix = registry === "" || namesRegistry(repository) ? "" : `${registry}/`;
  return `${prefix}${repository}:${tag || version}${digest === "" ? "" : `@${digest}`}`;
}

/** As container runtimes read it: the first part is a host if it contains a dot or a port, or is localhost. */
function namesRegistry(repository: string): boolean {
  return /^([^/]*[.:][^/]*|localhost)\//.test(repository);
}

/** The Secrets of this chart, then those for all charts of an umbrella chart. */
export function pullSecrets({ values }: Installation): readonly Json[] {
  const shared = (values.global.imagePullSecrets ?? []).map((secret) =>
    typeof secret === "string" ? secret : secret.name,
  );
  const names = [...values.imagePullSecrets.map(({ name }) => name), ...shared];
  return [...new Set(names)].map((name) => ({ name }));
}
