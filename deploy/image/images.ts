import { writtenNames } from "../names.ts";

/** The definition of an image. The Containerfile repeats it, and a test compares them. */
export interface Image {
  readonly name: "server" | "agent";
  /** The name of the image without a registry. */
  readonly repository: string;
  readonly title: string;
  readonly description: string;
  /** The packages whose commands are on the PATH; their dependencies are included. */
  readonly workspaces: readonly string[];
  /** Whether the command is bundled, instead of packages with their dependencies. */
  readonly isBundle: boolean;
  readonly entrypoint: string;
  /**
   * The one Node option that fits in a `#!` line. It applies only to this command: without a compiler there
   * is no `fetch`.
   */
  readonly nodeFlag?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  /** Directories that the image's user can write, on which volumes are mounted. */
  readonly writable: readonly string[];
}

/** A user that exists on no node. */
export const userId = 65532;
/** Contains only the commands and Node. */
export const commandFolder = "/usr/local/bin";
export const programFolder = "/opt/kasbah";

const path = { PATH: commandFolder };

const server: Image = {
  name: "server",
  repository: writtenNames.serverImage,
  title: "kasbah-server",
  description: "The certificate authority of a service mesh, and kasbah, its operator's command",
  workspaces: ["@kasbah/ca-server", "@kasbah/cli"],
  isBundle: false,
  entrypoint: "kasbah-server",
  env: {
    ...path,
    // The same directory as in the chart, so that kasbah finds the CA in the pod.
    KASBAH_STATE_DIR: "/var/lib/kasbah/state",
  },
  ports: ["15012/tcp", "15014/tcp", "15016/tcp"],
  writable: ["/var/lib/kasbah"],
};

const agent: Image = {
  name: "agent",
  repository: writtenNames.agentImage,
  title: "kasbah-agent",
  description: "The secret agent of a service mesh, alongside Envoy in every pod",
  workspaces: ["@kasbah/agent"],
  isBundle: true,
  entrypoint: "kasbah-agent",
  nodeFlag: "--jitless",
  // Saves memory in a process that runs in every pod and is mostly idle; docs/adr/0015.
  env: { ...path, NODE_OPTIONS: "--max-semi-space-size=1", MALLOC_ARENA_MAX: "1" },
  ports: [],
  writable: [],
};

export const images: readonly Image[] = [server, agent];

/** Labels of the OCI image specification for every build. */
export function imageLabels(image: Image, version: string): Readonly<Record<string, string>> {
  const labels = {
    title: image.title,
    description: image.description,
    version,
    licenses: "Apache-2.0",
  };
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [`org.opencontainers.image.${name}`, value]),
  );
}
