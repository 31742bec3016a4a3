import { option, schema } from "@kasbah/runtime";

/** The secret in files: written for others, mounted by others, kept for the next start. */
export const fileOptions = {
  outputCerts: option({
    flag: "--output-certs <dir>",
    env: "OUTPUT_CERTS",
    help: "directory in which key.pem, cert-chain.pem and root-cert.pem are kept for programs that read files",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  outputCertsMode: option({
    flag: "--output-certs-mode <octal>",
    env: "KASBAH_OUTPUT_CERTS_MODE",
    help: "mode of the key.pem that is written; certificates are 0644",
    schema: schema.parsed(parseKeyMode),
    default: "0600",
    group: "Files",
  }),
  onRotate: option({
    flag: "--on-rotate <command>",
    env: "KASBAH_ON_ROTATE",
    help: "run by /bin/sh after each set of files written, to make programs read them",
    schema: schema.text,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  onRotateTimeout: option({
    flag: "--on-rotate-timeout <duration>",
    env: "KASBAH_ON_ROTATE_TIMEOUT",
    help: "how long that command may take before it is ended",
    schema: schema.duration,
    default: "30s",
    group: "Files",
  }),
  fileMountedCerts: option({
    flag: "--file-mounted-certs <true|false>",
    env: "FILE_MOUNTED_CERTS",
    help: "serve mounted files and never ask a CA; so it is done anyway where all three files are there at the start",
    schema: schema.boolean,
    default: "false",
    group: "Files",
  }),
  mountedCertsDir: option({
    flag: "--mounted-certs-dir <dir>",
    env: "KASBAH_MOUNTED_CERTS_DIR",
    help: "where the mounted key.pem, cert-chain.pem and root-cert.pem are",
    schema: schema.path,
    default: "./var/run/secrets/workload-spiffe-credentials",
    group: "Files",
  }),
  cacheDir: option({
    flag: "--cache-dir <dir>",
    env: "KASBAH_CACHE_DIR",
    help: "private directory, in memory, in which the last secret is kept for a restart without a CA",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
};

/** Read by us, perhaps read by others, and neither written by others nor run. */
function parseKeyMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  if ((mode & 0o400) === 0 || (mode & 0o133) !== 0) {
    throw new Error("expected an octal mode of a file that only its owner writes, such as 0600 or 0640");
  }
  return mode;
}
