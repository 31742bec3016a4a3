#!/bin/sh
# Verifies offline that a ledger contains an entry:   verify-proof.sh proof.json 'name+id+key'
# Needs openssl 3, jq and coreutils. Take the key from someone you trust, never from the proof file itself.
set -euf
export LC_ALL=C
fail() { echo "not verified: $1" >&2; exit 1; }
for tool in openssl jq base64 od; do command -v "$tool" >/dev/null || fail "$tool is not installed"; done
[ $# -eq 2 ] && [ -r "$1" ] || fail "expected a proof file and the trusted key"
file=$1 trusted=$2 name=${2%%+*} key=${2#*+*+} id=${2#*+} id=${id%%+*}
b64='[A-Za-z0-9+/]' last='[AEIMQUYcgkosw048]=' # one spelling for each hash
jq_() { jq --arg key "$trusted" --arg name "$name" --arg b64 "$b64" --arg last "$last" "$@" <"$file"; }
holds() { jq_ -es "$1" >/dev/null 2>&1; }
field() { jq_ -j "$1"; }
unbase64() { printf %s "$1" | base64 -d; }
sha256() { openssl dgst -sha256 -binary | base64; }
node() { { printf '\001' && unbase64 "$1" && unbase64 "$2"; } | sha256; }
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

printf '%s' "$trusted" | grep -Eqx "[^+[:space:]]+\+[0-9a-f]{8}\+A[Q-Za-f]$b64{42}" || fail "the trusted key is not name+id+key"
holds 'def count: type == "number" and . >= 0 and . == floor and . < 9007199254740992; length == 1 and (.[0] |
  keys == ["checkpoint", "entry", "index", "key", "path", "size", "version"] and .version == 1 and (.entry | type) == "string" and
  (.index | count) and (.size | count) and all(.path[]; test("\\A" + $b64 + "{42}" + $last + "\\z")))' || fail "the file is not a proof"
holds '.[0].key == $key' || fail "the proof is for another key than the trusted one"
holds '.[0] | (.checkpoint | split("\n")) as $line | $line[0] == $name and $line[1] == (.size | floor | tostring) and $line[3] == ""' ||
  fail "the checkpoint belongs to another log, or its size differs"

# The signature, over the first three lines: SubjectPublicKeyInfo is a fixed prefix and the key (RFC 8410).
field '.checkpoint | split("\n")[:3][] + "\n"' >"$tmp/text"
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000' && unbase64 "$key" | tail -c 32; } >"$tmp/key"
signed=
for line in $(field '.checkpoint | split("\n")[4:][] | select(startswith("— \($name) ")) | split(" ")[2] |
  select(test("\\A" + $b64 + "{90}" + $last + "\\z")) + "\n"'); do
  [ "$(unbase64 "$line" | head -c 4 | od -An -tx1 | tr -d ' \n')" = "$id" ] || continue
  unbase64 "$line" | tail -c 64 >"$tmp/signature"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key" -rawin -in "$tmp/text" -sigfile "$tmp/signature" >/dev/null 2>&1 ||
    fail "the signature does not match the checkpoint and the trusted key"
  signed=yes
done
[ "$signed" ] || fail "the checkpoint is not signed with the trusted key"

# From the entry up to the root: RFC 9162 section 2.1.3.2.
fn=$(field '.index | floor') sn=$(($(field '.size | floor') - 1))
[ "$fn" -le "$sn" ] || fail "the index is outside the tree"
hash=$({ printf '\000' && field .entry; } | sha256)
for sibling in $(field '.path[] + "\n"'); do
  [ "$sn" -gt 0 ] || fail "the path is too long"
  if [ $((fn % 2)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
    hash=$(node "$sibling" "$hash")
    while [ $((fn % 2)) -eq 0 ] && [ "$fn" -ne 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  else
    hash=$(node "$hash" "$sibling")
  fi
  fn=$((fn / 2)) sn=$((sn / 2))
done
[ "$sn" -eq 0 ] || fail "the path is too short"
[ "$hash" = "$(field '.checkpoint | split("\n")[2]')" ] || fail "entry, index and path do not lead to the checkpoint's root"

field .entry
printf '\nverified\n'
