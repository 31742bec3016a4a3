export const auditHelp = `
The CA records every decision in its ledger before it replies. These commands read the ledger in a state directory; the CA
may be running or stopped. They keep an index next to the ledger. It can be deleted and is rebuilt when needed; a running
CA rebuilds it when it next starts. Repeat --state-dir for each replica to query their ledgers together.

Examples
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --at 2026-11-21T08:00:00Z
  $ kasbah audit cert leaf.pem
  $ kasbah audit tail -f
  $ kasbah audit export --since 24h --format csv > day.csv`;

export const whoHelp = `
A certificate is valid from its notBefore through the whole second of its notAfter. Without --at, the command shows all
certificates of the identity, newest first.

Exit codes
  0  at least one certificate was found
  1  none was found; the output names the first and the last one in the ledger

Examples
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --at -2h
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --json | jq -r '.certificates[].entry.serial'`;

export const certHelp = `
Serials and fingerprints are hexadecimal, with or without colons. For a file, the command looks up the fingerprint of the
first certificate. If the ledger contains only its serial, this CA did not issue the certificate in the file.

Exit codes
  0  the ledger contains the certificate
  1  it does not

Examples
  $ kasbah audit cert leaf.pem
  $ kasbah audit cert "$(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2)"`;

export const tailHelp = `
Prints one line per entry: time, kind, identity, and the reference for kasbah why. With -f it keeps printing new entries,
even after the CA starts a new ledger file.

Examples
  $ kasbah audit tail -f
  $ kasbah audit tail --lines 1000 --json | jq -r 'select(.entry.kind == "refused") | .entry.code' | sort | uniq -c`;

export const exportHelp = `
jsonl prints the entries byte for byte as they are in the ledger. csv prints one row per entry with the same columns for
all kinds (RFC 4180); text that a spreadsheet would run as a formula is prefixed with an apostrophe. Entries are ordered
by time.

Examples
  $ kasbah audit export --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z > november.jsonl
  $ kasbah audit export --since 24h --kind refused --format csv > refused.csv`;

export const identitiesHelp = `
Lists every identity that has a certificate which has not expired. Each pod with that identity has one line, which shows
its newest certificate.

Examples
  $ kasbah identities --in payments
  $ kasbah identities --json | jq -r '.identities[].entry.spiffeId' | sort -u`;
