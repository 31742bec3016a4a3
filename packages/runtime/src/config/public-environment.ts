import type { Option, OptionTable } from "./option.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The socket through which systemd takes the word of a daemon; that of its children must not count. */
const ofServiceManager = "NOTIFY_SOCKET";
const otlpHeaders = /^OTEL_EXPORTER_OTLP_(?:\w+_)?HEADERS$/;
const proxyName = /^(?!no_)\w+_proxy$/i;

/**
 * The environment of this process for a child: without the variables of sensitive options, without the headers
 * for a collector, without proxies that contain a password, and without systemd's socket. Unknown variables stay: the child may need them.
 */
export function publicEnvironment(options: OptionTable, environment: Environment): Environment {
  const sensitive = Object.values(options).filter(({ spec }) => spec.isSensitive === true);
  // Headers contain the keys of collectors.
  const isPublic = ([name, value = ""]: readonly [string, string | undefined]) =>
    name !== ofServiceManager &&
    !otlpHeaders.test(name) &&
    !sensitive.some((option) => isVariableOf(option, name)) &&
    !(proxyName.test(name) && value.includes("@"));
  return Object.fromEntries(Object.entries(environment).filter(isPublic));
}

function isVariableOf({ spec: { env, envPrefix } }: Option<unknown>, name: string): boolean {
  return name === env || (envPrefix !== undefined && name.startsWith(envPrefix));
}
