import { readFileSync } from "node:fs";
import { parsePemBlock } from "@kasbah/pki";

const read = (path: string) => readFileSync(new URL(path, import.meta.url));

/** Certificate requests captured from stock agents. */
export const requestPems: readonly string[] = [
  "pilot-agent-csr/p256.csr.pem",
  "pilot-agent-csr/p384-pkcs8.csr.pem",
  "pilot-agent-csr/rsa2048-default.csr.pem",
  "ztunnel-csr/shared.csr.pem",
].map((path) => read(`../fixtures/${path}`).toString("latin1"));

export const requestDers: readonly Uint8Array[] = requestPems.map((pem) =>
  parsePemBlock(pem, "CERTIFICATE REQUEST"),
);

const certificate = (name: string) => new Uint8Array(read(`./corpus/${name}.der`));

/** A workload certificate with an RSA key. */
export const leafDer = certificate("leaf");
/** Self-signed by our writer with P-384. */
export const rootDer = certificate("root");
/** Self-signed by `openssl req`, with every kind of name and every extension that we parse. */
export const operatorRootDer = certificate("operator-root");
