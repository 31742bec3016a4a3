// The pure tree: hashes, tiles, checkpoints, signed notes and proofs, without files or a clock.
export { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "./tree/checkpoint.ts";
export { emptyRoot, leafHash, type TreeHash } from "./tree/merkle.ts";
export { openNote, signNote } from "./tree/note.ts";
export { createNoteKey, formatVerifierKey, type NoteKey, parseVerifierKey } from "./tree/note-key.ts";
export { formatProofFile, verifyProofFile } from "./tree/proof-file.ts";
export { consistencyProof, inclusionProof } from "./tree/proofs.ts";
export { entryBundlePath, type TileId, tilePath, tileWidth } from "./tree/tile.ts";
export { TileHashes } from "./tree/tile-hashes.ts";
export { TileWriter } from "./tree/tile-writer.ts";
