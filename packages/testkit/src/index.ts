export { assertCode, type CodedError, rejectsWithCode, throwsWithCode } from "./assert-code.ts";
export { FakeClock } from "./fake-clock.ts";
export { freePort } from "./free-port.ts";
export { type ManualSweep, manualSweep } from "./manual-sweep.ts";
export { type RecordedEvent, type RecordingLogger, recordingLogger } from "./recording-logger.ts";
export { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";
