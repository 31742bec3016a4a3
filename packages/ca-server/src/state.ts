// The operations of the operator's command on the state directory of a stopped CA.
export type { AuthorityOperations } from "./authorities/operations.ts";
export { defaultStateDirectory, type Machine } from "./config/machine.ts";
export { CaError, OperationError, StateError, type StateErrorCode } from "./errors.ts";
export { backupState } from "./offline/backup/backup.ts";
export { restoreState } from "./offline/backup/restore.ts";
export type { BackupSummary } from "./offline/backup/summary.ts";
export { type InitConfig, initOptions, initState, initStateCommand } from "./offline/init.ts";
export { readStoredHeads } from "./offline/ledger-heads.ts";
export { moveOptions, moveStoppedCommand, moveStoppedState } from "./offline/move-stopped.ts";
export { findStartObstacles } from "./offline/obstacles/find-obstacles.ts";
export type { StartObstacle } from "./offline/obstacles/start-obstacle.ts";
export { readOfflineStatus } from "./offline/offline-status.ts";
export type { StoppedCa } from "./offline/open-stopped.ts";
export { operateStopped } from "./offline/operate-stopped.ts";
export { readOfflineOverview } from "./offline/overview/offline-overview.ts";
export { previewStoppedDistrust } from "./offline/preview-distrust.ts";
export { type SetLocation, type TriedSet, type TryOptions, trySet } from "./offline/try-set.ts";
export { decisionMessage } from "./recording/decision-message.ts";
