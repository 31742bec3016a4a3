import { option, schema } from "@kasbah/runtime";
import { parseFileMode } from "./output/file-mode.ts";

/** Options for files: output certificates, mounted certificates and the secret cache. */
export const fileOptions = {
  outputCerts: option({
    flag: "--output-certs <dir>",
    env: "OUTPUT_CERTS",
    help: "directory in which the agent keeps the certificate, its key and the trust bundle for programs that read files",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  outputCertsMode: option({
    flag: "--output-certs-mode <octal>",
    env: "KASBAH_OUTPUT_CERTS_MODE",
    help: "mode of the files that contain the key",
    schema: schema.parsed(parseFileMode, "octal mode"),
    default: "0600",
    group: "Files",
  }),
  onRotate: option({
    flag: "--on-rotate <command>",
    env: "KASBAH_ON_ROTATE",
    help: "command that /bin/sh runs after the files are written, for example to make a program reload them",
    schema: schema.text,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  onRotateTimeout: option({
    flag: "--on-rotate-timeout <duration>",
    env: "KASBAH_ON_ROTATE_TIMEOUT",
    help: "time limit of that command; the agent then terminates it",
    schema: schema.duration,
    default: "30s",
    group: "Files",
  }),
  fileMountedCerts: option({
    flag: "--file-mounted-certs <true|false>",
    env: "FILE_MOUNTED_CERTS",
    help: "serve mounted certificates and never ask a CA; the default if all three files exist at the start",
    schema: schema.boolean,
    default: "false",
    group: "Files",
  }),
  mountedCertsDir: option({
    flag: "--mounted-certs-dir <dir>",
    env: "KASBAH_MOUNTED_CERTS_DIR",
    help: "directory of the mounted key.pem, cert-chain.pem and root-cert.pem; with --file-mounted-certs true also of tls.key, tls.crt and ca.crt, or of a credential bundle",
    reload: "when a file changes",
    schema: schema.path,
    default: "./var/run/secrets/workload-spiffe-credentials",
    group: "Files",
  }),
  cacheDir: option({
    flag: "--cache-dir <dir>",
    env: "KASBAH_CACHE_DIR",
    help: "private in-memory directory that keeps the last secret, for a restart while the CA is unreachable",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
};
