/** What an image is, whoever builds it: the Containerfile says the same, and a test compares them. */
export interface Image {
  readonly name: "server" | "agent";
  /** As the chart and `kasbah install` name it. */
  readonly repository: string;
  readonly title: string;
  readonly description: string;
  /** The packages whose commands are on its PATH; what they need comes with them. */
  readonly workspaces: readonly string[];
  /** Whether its one command is one file, instead of packages with their dependencies beside them. */
  readonly isBundle: boolean;
  readonly entrypoint: string;
  /** The one option of Node that a first line has room for. It holds for the command alone: without a compiler there is no `fetch`. */
  readonly nodeFlag?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  /** Folders that its user may write, for volumes are made after them. */
  readonly writable: readonly string[];
}

/** Somebody without a name on any node. */
export const userId = 65532;
/** Where the commands are, and Node, and nothing else. */
export const commandFolder = "/usr/local/bin";
export const programFolder = "/opt/kasbah";

const path = { PATH: commandFolder };

const server: Image = {
  name: "server",
  repository: "kasbah/server",
  title: "kasbah-server",
  description: "The certificate authority of a service mesh, and kasbah, its operator's command",
  workspaces: ["@kasbah/ca-server", "@kasbah/cli"],
  isBundle: false,
  entrypoint: "kasbah-server",
  // The chart's place, so that kasbah finds the CA when it is run beside it.
  env: { ...path, KASBAH_STATE_DIR: "/var/lib/kasbah/state" },
  ports: ["15012/tcp", "15014/tcp"],
  writable: ["/var/lib/kasbah"],
};

const agent: Image = {
  name: "agent",
  repository: "kasbah/agent",
  title: "kasbah-agent",
  description: "The secret agent of a service mesh, beside Envoy in every pod",
  workspaces: ["@kasbah/agent"],
  isBundle: true,
  entrypoint: "kasbah-agent",
  nodeFlag: "--jitless",
  // What a process that is in every pod, and mostly waits, is smaller by; docs/adr/0015.
  env: { ...path, NODE_OPTIONS: "--max-semi-space-size=1", MALLOC_ARENA_MAX: "1" },
  ports: [],
  writable: [],
};

export const images: readonly Image[] = [server, agent];

/** Labels as the OCI's image specification names them, of every build. */
export function imageLabels(image: Image, version: string): Readonly<Record<string, string>> {
  const labels = {
    title: image.title,
    description: image.description,
    version,
    licenses: "Apache-2.0",
    url: "https://kasbah.dev",
    documentation: "https://kasbah.dev/docs/image",
  };
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [`org.opencontainers.image.${name}`, value]),
  );
}
