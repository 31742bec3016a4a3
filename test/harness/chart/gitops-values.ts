import { parseAllDocuments } from "yaml";
import { readText } from "./yaml.ts";

/** A release that docs/gitops.md describes. */
export interface GitOpsRelease {
  /** The kind of the tool's object: Application or HelmRelease. */
  readonly kind: string;
  readonly namespace: string;
  readonly values: object;
  /** The objects of which the tool ignores parts. */
  readonly ignored: readonly { readonly kind: string; readonly name?: string }[];
}

interface Application {
  readonly kind: "Application";
  readonly spec: {
    readonly destination: { readonly namespace: string };
    readonly source: { readonly helm: { readonly valuesObject: object } };
    readonly ignoreDifferences: readonly { readonly kind: string; readonly name?: string }[];
  };
}

interface HelmRelease {
  readonly kind: "HelmRelease";
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly driftDetection: { readonly ignore: readonly { readonly target: { readonly kind: string } }[] };
    readonly values: object;
  };
}

/** The releases in the blocks of YAML of docs/gitops.md. */
export function gitOpsReleases(): readonly GitOpsRelease[] {
  const blocks = [...readText("docs/gitops.md").matchAll(/^```yaml[^\n]*\n([\s\S]*?)^```$/gm)];
  const objects: readonly { readonly kind?: string }[] = blocks.flatMap(([, text = ""]) =>
    parseAllDocuments(text).map((document) => document.toJS()),
  );
  return objects.flatMap((object) => {
    if (isApplication(object)) return [ofArgoCd(object)];
    return isHelmRelease(object) ? [ofFlux(object)] : [];
  });
}

const isApplication = (object: { readonly kind?: string }): object is Application =>
  object.kind === "Application";
const isHelmRelease = (object: { readonly kind?: string }): object is HelmRelease =>
  object.kind === "HelmRelease";

function ofArgoCd({ kind, spec }: Application): GitOpsRelease {
  const { destination, source, ignoreDifferences: ignored } = spec;
  return { kind, namespace: destination.namespace, values: source.helm.valuesObject, ignored };
}

function ofFlux({ kind, metadata, spec }: HelmRelease): GitOpsRelease {
  const ignored = spec.driftDetection.ignore.map(({ target }) => target);
  return { kind, namespace: metadata.namespace, values: spec.values, ignored };
}
