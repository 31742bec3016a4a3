export { assertCode, type CodedError, rejectsWithCode, throwsWithCode } from "./assert-code.ts";
export { assertCpuTimeBelow } from "./assert-cpu-time.ts";
export { type DurableCall, type FaultyFs, faultyFs } from "./disk/faulty-fs.ts";
export { type KubeletVolume, mountKubeletVolume, type VolumeFiles } from "./disk/kubelet-volume.ts";
export {
  type CrashState,
  crashStates,
  materialise,
  type RecordingFs,
  recordingFs,
} from "./disk/power-cut.ts";
export { type TemporaryDirectory, temporaryDirectory } from "./disk/temporary-directory.ts";
export { eventually } from "./eventually.ts";
export {
  type FakeAdminCall,
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
} from "./fakes/authority-admin.ts";
export { type FakeCa, type FakeCaAnswer, type FakeCaCall, FakeRefusal, startFakeCa } from "./fakes/ca.ts";
export { FakeClock } from "./fakes/clock.ts";
export {
  acceptedReview,
  type FakeKubernetesApi,
  type FakeKubernetesCall,
  type FakePod,
  type FakeTrouble,
  type FakeVerdict,
  startFakeKubernetesApi,
} from "./fakes/kubernetes/api.ts";
export type { FakeObject } from "./fakes/kubernetes/objects.ts";
export {
  type FakeKubernetesStore,
  type FakeStoreCall,
  type FakeStoreTrouble,
  startFakeKubernetesStore,
} from "./fakes/kubernetes/store.ts";
export { type ManualSweep, manualSweep } from "./fakes/manual-sweep.ts";
export { ProxyServer } from "./fakes/proxy.ts";
export { RecordedSpans } from "./fakes/recorded-spans.ts";
export { type RecordedEvent, type RecordingLogger, recordingLogger } from "./fakes/recording-logger.ts";
export { freePort } from "./free-port.ts";
export { GrpcJsChannel } from "./grpc-js/channel.ts";
export { type ManualTimers, manualTimers } from "./manual-timers.ts";
export { forgeCertificate } from "./minting/forged-certificate.ts";
export { mintSecret } from "./minting/minted-secret.ts";
export { createOddCertificate, type OddCertificate, type OddOrder } from "./minting/odd-certificate.ts";
export { primeAbove, randomPrime, rsaKeyOf } from "./minting/rsa-key-of.ts";
export { createTestAuthority, type LeafOrder, type TestAuthority } from "./minting/test-authority.ts";
export { type RawCall, type RawReply, rawCall } from "./raw-call.ts";
export { untilSeen } from "./until-seen.ts";
