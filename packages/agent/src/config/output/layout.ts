import type { AgentConfig } from "../options.ts";
import { renewsInPlace } from "../places.ts";
import { type OutputFormat, type OutputPart, secretParts, shapes, trustDomainMark } from "./shapes.ts";

/** One file of `--output-certs`. Its name may contain {@link trustDomainMark}. */
interface OutputFile {
  readonly part: OutputPart;
  readonly name: string;
  readonly mode: number;
}

/** The files of `--output-certs`, in the order in which their names are linked. */
export type OutputLayout = readonly OutputFile[];

/** The options that decide the layout. */
export type LayoutOptions = Pick<
  AgentConfig,
  "outputFormats" | "outputNames" | "outputCertsMode" | "outputPublicMode"
>;

/** Returns the files that the options ask for. A part that several formats contain is one file. */
export function outputLayout(options: LayoutOptions): OutputLayout {
  const { outputNames, outputCertsMode, outputPublicMode } = options;
  const chosen = new Map(outputNames.map(({ part, name }) => [part, name]));
  return [...defaultNames(options)].map(([part, name]) => ({
    part,
    name: chosen.get(part) ?? name,
    mode: secretParts.has(part) ? outputCertsMode : outputPublicMode,
  }));
}

/** Returns the problems between the formats, the names and the other file options. */
export function layoutProblems(config: AgentConfig): readonly string[] {
  const { outputCerts, outputNames, outputFormats, pkcs12PasswordFile } = config;
  const formats = outputFormats.flat();
  if (outputCerts === undefined) {
    const isDefault = formats.every((format) => format === "pem");
    return [
      ...(isDefault ? [] : ["--output-format: requires --output-certs, which is not set"]),
      ...(outputNames.length === 0 ? [] : ["--output-name: requires --output-certs, which is not set"]),
    ];
  }
  const problems = [...nameProblems(config)];
  if (pkcs12PasswordFile !== undefined && !formats.includes("pkcs12")) {
    problems.push("--pkcs12-password-file: requires --output-format pkcs12");
  }
  if (renewsInPlace(config) && !keepsIstioNames(config)) {
    problems.push(
      "--output-format, --output-name: the agent reads key.pem, cert-chain.pem and root-cert.pem of --prov-cert in this directory; keep the format pem with these names, or choose another directory",
    );
  }
  return problems;
}

function nameProblems(config: AgentConfig): readonly string[] {
  const { outputNames } = config;
  const parts = defaultNames(config);
  const twice = outputNames.find(({ part }, at) => outputNames.findIndex((one) => one.part === part) < at);
  const missing = outputNames.find(({ part }) => !parts.has(part));
  const trustDomain = config.trustDomain.toString();
  const names = outputLayout(config).map(({ name }) => name.replaceAll(trustDomainMark, trustDomain));
  const shared = names.find((name, at) => names.indexOf(name) < at);
  return [
    ...(twice === undefined ? [] : [`--output-name: ${twice.part} has two names; keep one of them`]),
    ...(missing === undefined
      ? []
      : [`--output-name: ${missing.part} is not written; add --output-format ${formatOf(missing.part)}`]),
    ...(shared === undefined
      ? []
      : [`--output-name: two files would have the name ${shared}; choose different names`]),
  ];
}

function keepsIstioNames(options: LayoutOptions): boolean {
  const layout = outputLayout(options);
  return Object.entries(shapes.pem).every(([part, name]) =>
    layout.some((file) => file.part === part && file.name === name),
  );
}

function defaultNames({ outputFormats }: Pick<LayoutOptions, "outputFormats">): Map<OutputPart, string> {
  return new Map(outputFormats.flat().flatMap((format) => shapeEntries(format)));
}

function shapeEntries(format: OutputFormat): readonly (readonly [OutputPart, string])[] {
  return Object.entries(shapes[format]) as [OutputPart, string][];
}

function formatOf(part: OutputPart): OutputFormat {
  const formats = Object.keys(shapes) as OutputFormat[];
  return formats.find((format) => Object.hasOwn(shapes[format], part)) ?? "pem";
}
