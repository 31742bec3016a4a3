/** The contents that an output file can have. */
export type OutputPart = "key" | "cert-chain" | "root-cert";

/** One file of `--output-certs`. */
export interface OutputFile {
  readonly part: OutputPart;
  readonly name: string;
  readonly mode: number;
}

/** The files of `--output-certs`, in the order in which their names are linked. */
export type OutputLayout = readonly OutputFile[];

/** Returns the files that the options ask for. */
export function outputLayout({ outputCertsMode }: { readonly outputCertsMode: number }): OutputLayout {
  return [
    { part: "key", name: "key.pem", mode: outputCertsMode },
    { part: "cert-chain", name: "cert-chain.pem", mode: 0o644 },
    { part: "root-cert", name: "root-cert.pem", mode: 0o644 },
  ];
}
