import { freeBytesOf, type SpaceUse } from "@kasbah/ledger";

const warningShare = 0.8;
/** Of the free space that the ledger keeps by itself: less means that something else fills the volume. */
const warningFreeShare = 0.5;
const mebibyte = 1024 * 1024;

/** The space of the ledger, in figures for metrics and in sentences for operators. */
export class SpaceReport {
  readonly #space: { readonly use: SpaceUse };

  constructor(space: { readonly use: SpaceUse }) {
    this.#space = space;
  }

  get use(): SpaceUse {
    return this.#space.use;
  }

  warnings(): readonly string[] {
    const { bytes, maxBytes, volume } = this.use;
    const isFilling = maxBytes !== undefined && bytes >= maxBytes * warningShare;
    const isVolumeFull = volume.free < freeBytesOf(volume) * warningFreeShare;
    return [
      ...(isFilling
        ? [
            `the ledger takes ${mebibytes(bytes)} of at most ${mebibytes(maxBytes)}: at the maximum, the CA deletes its oldest entries before their retention period ends; enlarge the volume, or shorten --ledger-retention`,
          ]
        : []),
      ...(isVolumeFull
        ? [
            `the volume of the state directory has ${mebibytes(volume.free)} left of ${mebibytes(volume.size)}: when it is full, no certificate is issued; enlarge it, or delete files that are not the CA's`,
          ]
        : []),
    ];
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
