import { option, schema } from "@kasbah/runtime";
import { parseFileMode } from "./file-mode.ts";
import { parseOutputFormats, parseOutputName, trustDomainMark } from "./shapes.ts";

/** Options for the form of the output files. */
export const outputOptions = {
  outputFormats: option({
    flag: "--output-format <format>",
    env: "KASBAH_OUTPUT_FORMAT",
    help: "files to write: pem (key.pem, cert-chain.pem, root-cert.pem), combined (combined.pem with key and chain, root-cert.pem), pkcs12 (keystore.p12, truststore.p12) or credential-bundle (one PEM file, and the trust bundle); several may be given",
    schema: schema.parsed(parseOutputFormats, "format"),
    repeatable: true,
    default: "pem",
    group: "Files",
  }),
  outputNames: option({
    flag: "--output-name <part=file>",
    env: "KASBAH_OUTPUT_NAMES",
    help: `name of one file, for example cert-chain=tls.crt, key=tls.key or root-cert=ca.crt; other parts are combined, pkcs12, truststore, credential-bundle and trust-bundle; ${trustDomainMark} stands for the trust domain`,
    schema: schema.parsed(parseOutputName, "part=file"),
    repeatable: true,
    default: "",
    defaultHelp: "the names of the format",
    group: "Files",
  }),
  outputPublicMode: option({
    flag: "--output-public-mode <octal>",
    env: "KASBAH_OUTPUT_PUBLIC_MODE",
    help: "mode of the files without the key",
    schema: schema.parsed(parseFileMode, "octal mode"),
    default: "0644",
    group: "Files",
  }),
  repairOutputCerts: option({
    flag: "--repair-output-certs <true|false>",
    env: "KASBAH_REPAIR_OUTPUT_CERTS",
    help: "write the files again as soon as another program changes them",
    schema: schema.boolean,
    default: "true",
    group: "Files",
  }),
  pkcs12PasswordFile: option({
    flag: "--pkcs12-password-file <file>",
    env: "KASBAH_PKCS12_PASSWORD_FILE",
    help: "file with the password of keystore.p12 and truststore.p12, which is read at the start",
    schema: schema.path,
    optional: true,
    defaultHelp: "the password is changeit: the mode of the file protects the key",
    group: "Files",
  }),
};
