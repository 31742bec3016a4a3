import { run } from "../../../deploy/image/run.ts";

/** A service as docker compose reads it. */
export interface Service {
  readonly image: string;
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  readonly user?: string;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes: readonly {
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

export interface Project {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Loads a compose file. @throws if docker compose would refuse it */
export async function loadProject(
  loader: string,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Project> {
  return JSON.parse(await run(loader, [file], { env }));
}
