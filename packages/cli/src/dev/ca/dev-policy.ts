/**
 * The policy of a project's CA, which its owner may edit. Every program here is reached as localhost, so every
 * certificate has that name. It is also a name of the CA; our agents require the CA's SPIFFE ID, which no workload has.
 */
export const devPolicy = `# Which certificates the CA of this folder issues. Edit it: the CA loads it again by itself.
# Every field is explained in docs/policy.md.
version: 1
rules: []
default:
  allow: true
  dnsNames: [localhost, "{serviceAccount}.{namespace}.localhost"]
  dangerouslyCaNames: true    # localhost is also a name of the CA
`;
