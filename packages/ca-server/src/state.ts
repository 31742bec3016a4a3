// What the operator's command may do with a state directory when no server runs on it.
export type { AuthorityStatus, AuthorityView, RotationView } from "./authorities/operations.ts";
export { defaultStateDirectory, type Machine } from "./config/machine.ts";
export { StateError, type StateErrorCode } from "./errors.ts";
export { type BackupSummary, backupState, restoreState } from "./offline/backup.ts";
export { type InitConfig, initCommand, initOptions, initState } from "./offline/init.ts";
export { readOfflineStatus } from "./offline/offline-status.ts";
