export { assertCode, type CodedError, rejectsWithCode, throwsWithCode } from "./assert-code.ts";
export { eventually } from "./eventually.ts";
export {
  type FakeAdminCall,
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
} from "./fake-authority-admin.ts";
export { type FakeCa, type FakeCaAnswer, type FakeCaCall, FakeRefusal, startFakeCa } from "./fake-ca.ts";
export { FakeClock } from "./fake-clock.ts";
export {
  acceptedReview,
  type FakeKubernetesApi,
  type FakeKubernetesCall,
  type FakePod,
  type FakeTrouble,
  type FakeVerdict,
  startFakeKubernetesApi,
} from "./fake-kubernetes/api.ts";
export type { FakeObject } from "./fake-kubernetes/objects.ts";
export {
  type FakeKubernetesStore,
  type FakeStoreCall,
  type FakeStoreTrouble,
  startFakeKubernetesStore,
} from "./fake-kubernetes/store.ts";
export { type DurableCall, type FaultyFs, faultyFs } from "./faulty-fs.ts";
export { forgeCertificate } from "./forged-certificate.ts";
export { freePort } from "./free-port.ts";
export { GrpcJsChannel } from "./grpc-js/channel.ts";
export { type KubeletVolume, mountKubeletVolume, type VolumeFiles } from "./kubelet-volume.ts";
export { type ManualSweep, manualSweep } from "./manual-sweep.ts";
export { mintSecret } from "./minted-secret.ts";
export { type CrashState, crashStates, materialise, type RecordingFs, recordingFs } from "./power-cut.ts";
export { type RawCall, type RawReply, rawCall } from "./raw-call.ts";
export { type RecordedEvent, type RecordingLogger, recordingLogger } from "./recording-logger.ts";
export { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";
export { createTestAuthority, type LeafOrder, type TestAuthority } from "./test-authority.ts";
export { untilSeen } from "./until-seen.ts";
