export const auditHelp = `
Every decision of the CA is on record before its answer leaves. These commands read the ledger in a state directory, of a
CA that runs or is stopped. They keep an index beside it, which may be deleted, and is made again when it is missed: by a CA that
runs at its next start. Give --state-dir once for each replica, and their ledgers are read as one.

Examples
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --at 2026-11-21T08:00:00Z
  $ kasbah audit cert leaf.pem
  $ kasbah audit tail -f
  $ kasbah audit export --since 24h --format csv > day.csv`;

export const whoHelp = `
A certificate is held from the second of its notBefore to the end of the second of its notAfter. Without --at all
certificates of the name are shown, the newest first.

Exit codes
  0  somebody held the name
  1  nobody did; the first and the last time of the name on record are told

Examples
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --at -2h
  $ kasbah audit who spiffe://cluster.local/ns/payments/sa/api --json | jq -r '.certificates[].entry.serial'`;

export const certHelp = `
Serials and fingerprints are hexadecimal, with or without colons. Of a file the first certificate counts, by its
fingerprint: when only its serial is on record, somebody else has made it.

Exit codes
  0  the certificate is on record
  1  it is not

Examples
  $ kasbah audit cert leaf.pem
  $ kasbah audit cert "$(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2)"`;

export const tailHelp = `
One line for each entry: when, its kind, whom it is about, and the reference that kasbah why takes. With -f it goes on
with each that comes, also when the CA starts a new file.

Examples
  $ kasbah audit tail -f
  $ kasbah audit tail --lines 1000 --json | jq -r 'select(.entry.kind == "refused") | .entry.code' | sort | uniq -c`;

export const exportHelp = `
jsonl gives the entries byte for byte, as they stand in the ledger. csv has one row for each and a column for each of the
main fields, whatever the kind (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe. The entries come in
the order of their time, however many there are.

Examples
  $ kasbah audit export --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z > november.jsonl
  $ kasbah audit export --since 24h --kind refused --format csv > refused.csv`;

export const identitiesHelp = `
A name is live while one of its certificates has not ended. Each pod that holds it has a line, with the last certificate
that it was given.

Examples
  $ kasbah identities --in payments
  $ kasbah identities --json | jq -r '.identities[].entry.spiffeId' | sort -u`;
