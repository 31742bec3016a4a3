import { stat } from "node:fs/promises";
import type { LedgerReader } from "@kasbah/ledger";
import { printableText } from "@kasbah/runtime";
import { inspectFile } from "../inspect/file.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { withAuthorities } from "./ask-who.ts";
import { type CertificateRecord, certificateJson, renderCertificate } from "./render/certificate.ts";
import { renderServing, type ServingRecord, servingJson, servingRecords } from "./render/serving.ts";

/** The key of the certificate to find. */
export interface Wanted {
  readonly serial?: string;
  readonly fingerprint?: string;
}

/** The certificates in a ledger that match. */
export interface CertificateAnswer {
  readonly wanted: Wanted;
  readonly certificates: readonly CertificateRecord[];
  /** Set only for a file that matches no fingerprint: other certificates with the same serial. */
  readonly sameSerial: readonly CertificateRecord[];
  /** The CA's own serving certificates that match. */
  readonly serving: readonly ServingRecord[];
}

/** Finds a certificate by its fingerprint, or by its serial if the fingerprint is unknown. */
export async function askCertificate(ledger: LedgerReader, wanted: Wanted): Promise<CertificateAnswer> {
  const by = async (key: Parameters<LedgerReader["certificate"]>[0]) =>
    withAuthorities(ledger, await ledger.certificate(key));
  const { serial = "", fingerprint } = wanted;
  const key = fingerprint === undefined ? { serial } : { fingerprint };
  const certificates = await by(key);
  const serving = await servingRecords(ledger, await ledger.servingCertificate(key));
  const isOther = fingerprint !== undefined && certificates.length + serving.length === 0 && serial !== "";
  return { wanted, certificates, serving, sameSerial: isOther ? await by({ serial }) : [] };
}

export function renderCertificateAnswer(
  answer: CertificateAnswer,
  now: Date,
  look: Look = plainLook,
): string {
  const { certificates, serving, sameSerial, wanted } = answer;
  const shown = (records: readonly CertificateRecord[]) =>
    records
      .map((one) => `${printableText(one.found.entry.spiffeId)}\n${renderCertificate(one, now, look)}`)
      .join("\n");
  const own = serving.map((one) => renderServing(one, now, look));
  if (certificates.length + own.length > 0)
    return [...own, ...(certificates.length === 0 ? [] : [shown(certificates)])].join("\n");
  const what =
    wanted.fingerprint === undefined ? `the serial ${wanted.serial}` : `SHA-256 ${wanted.fingerprint}`;
  if (sameSerial.length === 0) return `the ledger has no certificate with ${what}\n`;
  return `the ledger does not contain this certificate, ${what}\n! it contains a different certificate with the same serial: this CA did not issue the one in the file\n\n${shown(sameSerial)}`;
}

export function certificateAnswerJson({ wanted, certificates, sameSerial, serving }: CertificateAnswer) {
  return {
    serial: wanted.serial ?? null,
    fingerprint: wanted.fingerprint ?? null,
    certificates: certificates.map(certificateJson),
    sameSerial: sameSerial.map(certificateJson),
    serving: serving.map(servingJson),
  };
}

/**
 * Parses a serial, a fingerprint or the name of a file. An existing file takes precedence over hexadecimal
 * digits.
 */
export async function readCertificateTarget(target: string): Promise<Wanted> {
  const hex = target.replace(/^0x/i, "").replaceAll(":", "").toLowerCase();
  const isFile = await stat(target).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile && /^[0-9a-f]{64}$/.test(hex)) return { fingerprint: hex };
  if (!isFile && /^[0-9a-f]{1,40}$/.test(hex)) return { serial: hex.length % 2 === 0 ? hex : `0${hex}` };
  const { chain } = await inspectFile(target);
  const [leaf] = chain;
  return leaf === undefined ? {} : { serial: leaf.serial, fingerprint: leaf.fingerprint };
}
