/** Values with which no CA would start, and what each way to install says about them. */
export interface BadValues {
  readonly values: object;
  /** Undefined if only the CA's parsers know better: helm test finds the fault. */
  readonly helm: RegExp | undefined;
  readonly install: RegExp;
}

const policy = (text: string) => ({ policy: { text } });
const callers = (...callersFrom: readonly unknown[]) => ({ networkPolicy: { callersFrom } });
const extra = (...extraArgs: readonly string[]) => ({ ca: { extraArgs } });

export const badValues: Readonly<Record<string, BadValues>> = {
  "an unknown value": {
    values: { ca: { loglevel: "debug" } },
    helm: /at '\/ca': additional properties 'loglevel' not allowed/,
    install: /^ca: Unrecognized key: "loglevel"$/,
  },
  "an unknown flag": {
    values: extra("--foo=1"),
    helm: /at '\/ca\/extraArgs\/0': '--foo=1' does not match pattern/,
    install: /^ca\.extraArgs\.0: expected a flag of kasbah-server, got "--foo"$/,
  },
  "a flag in two words": {
    values: extra("--root-key", "--no-intermediate"),
    helm: /at '\/ca\/extraArgs\/0': '--root-key' does not match pattern/,
    install: /^ca\.extraArgs\.0: expected --root-key=VALUE, as one text, got "--root-key"$/,
  },
  "a flag that has a value": {
    values: extra("--max-ttl=1h"),
    helm: /at '\/ca\/extraArgs\/0': '--max-ttl=1h' does not match pattern/,
    install: /^ca\.extraArgs\.0: "--max-ttl" has a value of its own, or is fixed; remove it$/,
  },
  "a flag beside its value": {
    values: { ca: { workers: 2, extraArgs: ["--workers=4"] } },
    helm: /ca\.extraArgs: --workers is given 2 times, also by ca\.workers; remove one of the two/,
    install: /^ca\.workers and ca\.extraArgs \(--workers\): given 2 times$/,
  },
  "traces to something else than a URL": {
    values: { tracing: { otlpEndpoint: "collector:4318" } },
    helm: /at '\/tracing\/otlpEndpoint': 'collector:4318' does not match pattern/,
    install: /^tracing\.otlpEndpoint: expected an http or https URL/,
  },
  "a flag with a wrong value": {
    values: extra("--root-key=P-999"),
    helm: undefined,
    install: /^ca\.extraArgs \(--root-key\): expected P-256, .*, got "P-999"$/,
  },
  "flags that contradict each other": {
    values: extra("--root-ttl=1h"),
    helm: undefined,
    install: /^ca\.extraArgs \(--root-ttl\): --intermediate-ttl: is greater than --root-ttl/,
  },
  "a name of the server with a space": {
    values: { ca: { serverSans: ["bad name"] } },
    helm: /at '\/ca\/serverSans\/0': 'bad name' does not match pattern/,
    install: /^ca\.serverSans\.0: expected a DNS name in lower case or an IP address, got "bad name"$/,
  },
  "a wildcard as name of the server": {
    values: { ca: { serverSans: ["*.example"] } },
    helm: /'\*\.example' does not match pattern/,
    install: /^ca\.serverSans\.0: .*got "\*\.example"$/,
  },
  "a default lifetime above the maximum": {
    values: { ca: { defaultTtl: "100h", maxTtl: "1d" } },
    helm: /ca\.defaultTtl: 100h is greater than ca\.maxTtl \(1d\); lower it, or raise ca\.maxTtl/,
    install:
      /^ca\.defaultTtl \(--default-ttl=100h\): is greater than --max-ttl; lower it, or raise --max-ttl$/,
  },
  "a lifetime in words": {
    values: { ca: { defaultTtl: "one day" } },
    helm: /at '\/ca\/defaultTtl': 'one day' does not match pattern/,
    install: /^ca\.defaultTtl: expected a duration such as 90s, 15m or 24h, got "one day"$/,
  },
  "a lifetime of zero": {
    values: { ca: { maxTtl: "0h" } },
    helm: /at '\/ca\/maxTtl': '0h' does not match pattern/,
    install: /^ca\.maxTtl: expected a duration above zero .*, got "0h"$/,
  },
  "a trust domain with capitals": {
    values: { ca: { trustDomain: "Mesh.example" } },
    helm: /at '\/ca\/trustDomain': 'Mesh\.example' does not match pattern/,
    install: /^ca\.trustDomain: expected a trust domain .*, got "Mesh\.example"$/,
  },
  "no audience": {
    values: { ca: { tokenAudiences: [] } },
    helm: /at '\/ca\/tokenAudiences': minItems/,
    install: /^ca\.tokenAudiences: Too small: expected array to have >=1 items$/,
  },
  "a node proxy without a namespace": {
    values: { ca: { trustedNodeAccounts: ["ztunnel"] } },
    helm: /at '\/ca\/trustedNodeAccounts\/0': 'ztunnel' does not match pattern/,
    install: /^ca\.trustedNodeAccounts\.0: expected <namespace>\/<service account>, got "ztunnel"$/,
  },
  "no worker": {
    values: { ca: { workers: 0 } },
    helm: /at '\/ca\/workers'/,
    install: /^ca\.workers: /,
  },
  "a Secret with a wrong name": {
    values: { ca: { stateSecret: "kasbah..ca" } },
    helm: /at '\/ca\/stateSecret': 'kasbah\.\.ca' does not match pattern/,
    install: /^ca\.stateSecret: expected a Kubernetes name: .*, got "kasbah\.\.ca"$/,
  },
  "several replicas without a Secret": {
    values: { replicas: 3, ca: { stateSecret: "" } },
    helm: /replicas: more than one requires a shared Secret: set ca\.stateSecret/,
    install: /^replicas: more than one requires a shared Secret: set ca\.stateSecret/,
  },
  "a policy that is no map": {
    values: policy("nonsense"),
    helm: /policy\.text: expected a policy in YAML/,
    install: /^policy\.text line 1: /,
  },
  "a policy of another version": {
    values: policy("version: 2\ndefault: { allow: true }\n"),
    helm: /policy\.text: expected version: 1, got 2/,
    install: /^policy\.text line 1: version expected version: 1$/,
  },
  "a policy without a default": {
    values: policy("version: 1\nrules: []\n"),
    helm: /policy\.text: expected the map default, which applies if no rule matches/,
    install: /^policy\.text line 1: default /,
  },
  "a policy with a misspelled rule": {
    values: policy("version: 1\nrules:\n  - { name: a, alow: true }\ndefault: { allow: true }\n"),
    helm: undefined,
    install: /^policy\.text line 3: rules\.0/,
  },
  "two policies": {
    values: { policy: { text: "version: 1\ndefault: { allow: true }\n", configMap: "ours" } },
    helm: /policy: text and configMap are mutually exclusive/,
    install: /^policy: text and configMap are mutually exclusive/,
  },
  "a misspelled peer": {
    values: callers({ podselector: {} }),
    helm: /at '\/networkPolicy\/callersFrom\/0': additional properties 'podselector' not allowed/,
    install: /^networkPolicy\.callersFrom\.0: Unrecognized key: "podselector"$/,
  },
  "a peer that selects nothing": {
    values: callers({}),
    helm: /at '\/networkPolicy\/callersFrom\/0': minProperties/,
    install: /^networkPolicy\.callersFrom\.0: expected namespaceSelector, podSelector or ipBlock$/,
  },
  "a peer with a misspelled selector": {
    values: callers({ namespaceSelector: { matchlabels: { a: "b" } } }),
    helm: /namespaceSelector': additional properties 'matchlabels' not allowed/,
    install: /^networkPolicy\.callersFrom\.0\.namespaceSelector: Unrecognized key: "matchlabels"$/,
  },
  "a peer with an address instead of a range": {
    values: callers({ ipBlock: { cidr: "10.0.0.1" } }),
    helm: /at '\/networkPolicy\/callersFrom\/0\/ipBlock\/cidr'/,
    install:
      /^networkPolicy\.callersFrom\.0\.ipBlock\.cidr: expected a range of IP addresses .*, got "10\.0\.0\.1"$/,
  },
  "a selector with an unknown operator": {
    values: {
      rootConfigMap: {
        namespaceSelector: { matchExpressions: [{ key: "a", operator: "Is", values: ["b"] }] },
      },
    },
    helm: /at '\/rootConfigMap\/namespaceSelector\/matchExpressions\/0'/,
    install: /^rootConfigMap\.namespaceSelector\.matchExpressions\.0: expected key, operator/,
  },
  "a selector without a published root": {
    values: { ...extra("--root-config-map-namespaces=a=b"), rootConfigMap: { publish: false } },
    helm: undefined,
    install: /^ca\.extraArgs \(--root-config-map-namespaces\): has no effect without --root-config-map/,
  },
  "a wrong value in the environment of the pod": {
    values: { pod: { extraEnv: [{ name: "KASBAH_DEFAULT_RATE", value: "many" }] } },
    helm: undefined,
    install: /^pod\.extraEnv \(KASBAH_DEFAULT_RATE\): --default-rate: expected .*, got "many"$/,
  },
  "a wrong name of a port": {
    values: { podMonitor: { port: "kasbah_metrics" } },
    helm: /at '\/podMonitor\/port': 'kasbah_metrics' does not match pattern/,
    install: /^podMonitor\.port: expected the name of a container port, got "kasbah_metrics"$/,
  },
};
