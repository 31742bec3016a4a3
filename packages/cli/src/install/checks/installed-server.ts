import { z } from "zod";
import type { Manifest } from "../objects/manifest.ts";

/** The command line of the CA in the pod that a StatefulSet creates. */
export interface InstalledServer {
  /** Without those that contain variables of the pod. */
  readonly argv: readonly string[];
  /** Only the variables whose values the manifest contains. */
  readonly env: Readonly<Record<string, string>>;
}

const statefulSet = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({
            name: z.string(),
            args: z.array(z.string()).default([]),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
          }),
        ),
      }),
    }),
  }),
});

/** Finds the CA among the objects of an installation; undefined if none is installed. */
export function installedServer(objects: readonly Manifest[]): InstalledServer | undefined {
  const set = objects.find(({ kind }) => kind === "StatefulSet");
  if (set === undefined) return undefined;
  const { containers } = statefulSet.parse(set).spec.template.spec;
  const server = containers.find(({ name }) => name === "kasbah-server");
  if (server === undefined) return undefined;
  const known = server.env.flatMap(({ name, value }) =>
    value === undefined || isExpanded(value) ? [] : [[name, value] as const],
  );
  return { argv: server.args.filter((text) => !isExpanded(text)), env: Object.fromEntries(known) };
}

/** Whether the kubelet replaces a part of the text by a variable, which only the pod has. */
function isExpanded(text: string): boolean {
  return /(?<!\$)\$\([-._a-zA-Z][-._a-zA-Z0-9]*\)/.test(text);
}
