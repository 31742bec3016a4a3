/** Stands for the trust domain of the served SPIFFE ID in the name of an output file. */
export const trustDomainMark = "{trust-domain}";

/** The parts of each format, with their default file names. */
export const shapes = {
  pem: { key: "key.pem", "cert-chain": "cert-chain.pem", "root-cert": "root-cert.pem" },
  combined: { combined: "combined.pem", "root-cert": "root-cert.pem" },
  pkcs12: { pkcs12: "keystore.p12", truststore: "truststore.p12" },
  "credential-bundle": {
    "credential-bundle": "credential-bundle.private-key.pem",
    "trust-bundle": `${trustDomainMark}.spiffe-trust-bundle.pem`,
  },
} as const;

/** A value of `--output-format`. */
export type OutputFormat = keyof typeof shapes;

/** The contents that an output file can have. */
export type OutputPart = { [Format in OutputFormat]: keyof (typeof shapes)[Format] }[OutputFormat];

/** The parts that contain the private key. */
export const secretParts: ReadonlySet<OutputPart> = new Set([
  "key",
  "combined",
  "pkcs12",
  "credential-bundle",
]);

const formats = Object.keys(shapes);
const parts = [...new Set(Object.values(shapes).flatMap((shape) => Object.keys(shape)))];

/** Parses one or several formats, separated by commas. */
export function parseOutputFormats(text: string): readonly OutputFormat[] {
  return text.split(",").map((word) => {
    const format = word.trim();
    if (!isFormat(format)) throw new TypeError(`expected ${listed(formats)}`);
    return format;
  });
}

/** The name of one output file. */
export interface OutputName {
  readonly part: OutputPart;
  readonly name: string;
}

/** The agent adds a prefix and a suffix to the name, for its temporary link. */
const maxNameLength = 200;

/** Parses `PART=FILE`. */
export function parseOutputName(text: string): OutputName {
  const equals = text.indexOf("=");
  const [part, name] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (!isPart(part)) throw new TypeError(`expected PART=FILE, where PART is ${listed(parts)}`);
  if (name === "" || name === "." || /[/\\]/.test(name)) {
    throw new TypeError("expected a file name without a directory");
  }
  if (name.startsWith("..")) {
    throw new TypeError("expected a file name that does not begin with two dots, which mark the agent's own");
  }
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > maxNameLength) {
    throw new TypeError(
      `expected a file name of at most ${maxNameLength} printable characters without spaces`,
    );
  }
  return { part, name };
}

function isFormat(text: string): text is OutputFormat {
  return formats.includes(text);
}

function isPart(text: string): text is OutputPart {
  return parts.includes(text);
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
