import { accepts, aki, all, type CaSet, ca, mesh, refuses, root, ski, usage, warns } from "../ca-set.ts";

const middle = (pathLength?: number) => ({ extensions: [ca(pathLength), usage, ski, aki] });

/** What a CA may do: basic constraints, path lengths, key usages, purposes and policies. */
export const rights: readonly CaSet[] = [
  {
    name: "an intermediate without basic constraints",
    certificates: { mesh: { extensions: [usage, ski, aki] } },
    clients: all,
    kasbah: refuses(/is not a CA/),
  },
  {
    name: "an intermediate that is not a CA",
    certificates: { mesh: { extensions: ["basicConstraints=critical,CA:FALSE", usage, ski, aki] } },
    clients: all,
    kasbah: refuses(/is not a CA/),
  },
  {
    name: "basic constraints that are not critical",
    certificates: { mesh: { extensions: ["basicConstraints=CA:TRUE,pathlen:0", usage, ski, aki] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "a root without basic constraints",
    certificates: { root: { extensions: [usage, ski] } },
    clients: { strict: "rejects", go: "rejects" },
    kasbah: refuses(/is not a CA/, "root-cert.pem"),
  },
  {
    name: "a root with path length 0 above an intermediate",
    certificates: { root: { extensions: [ca(0), usage, ski] } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/has more intermediates below it than its path length allows/, "CN=root"),
  },
  {
    name: "a middle with path length 0 above an intermediate",
    certificates: { middle: middle(0), mesh: { issuer: "middle" } },
    clients: all,
    kasbah: refuses(/has more intermediates below it than its path length allows/, "CN=middle"),
  },
  {
    name: "a self-issued intermediate below a root with path length 1",
    certificates: {
      root: { extensions: [ca(1), usage, ski] },
      "new-root": { subject: "/O=example/CN=root", extensions: [ca(1), usage, ski, aki] },
      mesh: { issuer: "new-root" },
    },
    clients: { go: "rejects" },
    kasbah: refuses(/has the path length 1 and 2 CAs/, "CN=root"),
  },
  {
    name: "a key usage without keyCertSign",
    certificates: { mesh: { extensions: [ca(0), "keyUsage=critical,cRLSign", ski, aki] } },
    clients: all,
    kasbah: refuses(/has a key usage without keyCertSign/),
  },
  {
    name: "no key usage",
    certificates: { mesh: { extensions: [ca(0), ski, aki] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "a root without key usage",
    certificates: { root: { extensions: [ca(), ski] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "a root whose key usage has no keyCertSign",
    certificates: { root: { extensions: [ca(), "keyUsage=critical,digitalSignature", ski] } },
    clients: all,
    kasbah: refuses(/has a key usage without keyCertSign/, "CN=root"),
  },
  {
    name: "a key usage that is not critical",
    certificates: { mesh: { extensions: [ca(0), "keyUsage=keyCertSign,cRLSign", ski, aki] } },
    kasbah: accepts,
  },
  {
    name: "purposes of servers and clients",
    certificates: { mesh: { extensions: mesh("extendedKeyUsage=serverAuth,clientAuth") } },
    kasbah: accepts,
  },
  {
    name: "the purpose of servers alone",
    certificates: { mesh: { extensions: mesh("extendedKeyUsage=serverAuth") } },
    clients: all,
    kasbah: refuses(/extended key usage without/),
  },
  {
    name: "the purpose of clients alone",
    certificates: { mesh: { extensions: mesh("extendedKeyUsage=clientAuth") } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/extended key usage without/),
  },
  {
    name: "any purpose",
    certificates: { mesh: { extensions: mesh("extendedKeyUsage=anyExtendedKeyUsage") } },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/extended key usage without/),
  },
  {
    name: "a root with the purpose of servers alone",
    certificates: { root: { extensions: root("extendedKeyUsage=serverAuth") } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/extended key usage without/, "CN=root"),
  },
  {
    name: "critical purposes of servers and clients",
    certificates: { mesh: { extensions: mesh("extendedKeyUsage=critical,serverAuth,clientAuth") } },
    kasbah: accepts,
  },
  {
    name: "a critical extension that is unknown",
    certificates: { mesh: { extensions: mesh("1.2.3.4=critical,DER:05:00") } },
    clients: all,
    kasbah: refuses(/has the critical extension/),
  },
  {
    name: "an unknown extension that is not critical",
    certificates: { mesh: { extensions: mesh("1.2.3.4=DER:05:00") } },
    kasbah: accepts,
  },
  {
    name: "a root with a critical extension that is unknown",
    certificates: { root: { extensions: root("1.2.3.4=critical,DER:05:00") } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/has the critical extension/, "CN=root"),
  },
  {
    name: "requireExplicitPolicy, not critical",
    certificates: { mesh: { extensions: mesh("policyConstraints=requireExplicitPolicy:0") } },
    clients: { envoy: "rejects", go: "rejects" },
    kasbah: refuses(/requires a certificate policy/),
  },
  {
    name: "requireExplicitPolicy, critical",
    certificates: { mesh: { extensions: mesh("policyConstraints=critical,requireExplicitPolicy:0") } },
    clients: { envoy: "rejects", go: "rejects" },
    kasbah: refuses(/requires a certificate policy/),
  },
  {
    name: "requireExplicitPolicy after one more certificate",
    certificates: { mesh: { extensions: mesh("policyConstraints=requireExplicitPolicy:1") } },
    clients: { envoy: "rejects", go: "rejects" },
    kasbah: refuses(/requires a certificate policy/),
  },
  {
    name: "requireExplicitPolicy after three more certificates",
    certificates: { mesh: { extensions: mesh("policyConstraints=requireExplicitPolicy:3") } },
    kasbah: accepts,
  },
  {
    name: "a root with requireExplicitPolicy",
    certificates: { root: { extensions: root("policyConstraints=requireExplicitPolicy:0") } },
    kasbah: accepts,
  },
  {
    name: "inhibitPolicyMapping, critical",
    certificates: { mesh: { extensions: mesh("policyConstraints=critical,inhibitPolicyMapping:0") } },
    kasbah: warns("critical-policy-extension"),
  },
  {
    name: "inhibitAnyPolicy, critical",
    certificates: { mesh: { extensions: mesh("inhibitAnyPolicy=critical,0") } },
    kasbah: warns("critical-policy-extension"),
  },
  {
    name: "certificate policies",
    certificates: { mesh: { extensions: mesh("certificatePolicies=1.2.3.4") } },
    kasbah: accepts,
  },
  {
    name: "critical certificate policies",
    certificates: { mesh: { extensions: mesh("certificatePolicies=critical,1.2.3.4") } },
    kasbah: warns("critical-policy-extension"),
  },
  {
    name: "critical policy mappings",
    certificates: {
      mesh: {
        extensions: mesh("certificatePolicies=1.2.3.4", "policyMappings=critical,1.2.3.4:1.2.3.5"),
      },
    },
    stricter: "kasbah does not process policy mappings",
    kasbah: refuses(/has the critical extension/),
  },
  {
    name: "a policy that is named twice",
    certificates: {
      mesh: {
        extensions: mesh("2.5.29.32=DER:30:0E:30:05:06:03:2A:03:04:30:05:06:03:2A:03:04"),
      },
    },
    clients: { envoy: "rejects", go: "rejects" },
    kasbah: refuses(/names the policy 1\.2\.3\.4 twice/),
  },
  {
    name: "critical CRL distribution points",
    certificates: {
      mesh: { extensions: mesh("crlDistributionPoints=critical,URI:http://crl.example/x.crl") },
    },
    clients: { envoy: "rejects" },
    kasbah: refuses(/has the critical extension/),
  },
  {
    name: "the addresses of a CRL and of an issuer",
    certificates: {
      mesh: {
        extensions: mesh(
          "crlDistributionPoints=URI:http://crl.example/x.crl",
          "authorityInfoAccess=caIssuers;URI:http://ca.example/x.cer",
        ),
      },
    },
    kasbah: accepts,
  },
];
