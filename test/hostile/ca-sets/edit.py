"""Changes the signed bytes of a certificate and signs it again: edit.py EDIT CERTIFICATE ISSUER_KEY.

OpenSSL writes only well-formed certificates. The edits make those that other tools have written.
"""

import base64
import subprocess
import sys


def parse(data):
    """The tag, content and rest of the first element."""
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        at = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:at], "big")
    return tag, data[at : at + length], data[at + length :]


def encode(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def children(content):
    found = []
    while content:
        tag, inner, content = parse(content)
        found.append((tag, inner))
    return found


def join(elements):
    return b"".join(encode(tag, content) for tag, content in elements)


def printable_issuer(fields):
    """The issuer's name as PrintableString, where its own certificate has UTF8String."""
    tag, content = fields[3]
    fields[3] = (tag, content.replace(b"\x0c\x07example", b"\x13\x07example").replace(b"\x0c\x04root", b"\x13\x04root"))
    return fields


def upper_issuer(fields):
    tag, content = fields[3]
    fields[3] = (tag, content.replace(b"example", b"EXAMPLE"))
    return fields


def version_1(fields):
    return [field for field in fields if field[0] not in (0xA0, 0xA3)]


def negative_serial(fields):
    fields[1] = (0x02, b"\x85")
    return fields


def zero_serial(fields):
    fields[1] = (0x02, b"\x00")
    return fields


def long_serial(fields):
    fields[1] = (0x02, b"\x01" * 21)
    return fields


def unique_id(fields):
    return fields[:-1] + [(0x82, b"\x00\x01\x02")] + fields[-1:]


def twice(fields):
    """The last extension occurs twice."""
    _, explicit = fields[-1]
    _, inner, _ = parse(explicit)
    extensions = children(inner)
    fields[-1] = (0xA3, encode(0x30, join(extensions + extensions[-1:])))
    return fields


def critical_false(fields):
    """The default value of critical is written out, which DER forbids."""
    _, explicit = fields[-1]
    _, inner, _ = parse(explicit)
    extensions = children(inner)
    tag, last = extensions[-1]
    _, oid, rest = parse(last)
    extensions[-1] = (tag, encode(0x06, oid) + b"\x01\x01\x00" + rest)
    fields[-1] = (0xA3, encode(0x30, join(extensions)))
    return fields


edits = {
    "printable-issuer": printable_issuer,
    "upper-issuer": upper_issuer,
    "version-1": version_1,
    "negative-serial": negative_serial,
    "zero-serial": zero_serial,
    "long-serial": long_serial,
    "unique-id": unique_id,
    "extension-twice": twice,
    "critical-false": critical_false,
}


def main(edit, path, key):
    text = open(path).read()
    body = text.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    _, certificate, _ = parse(base64.b64decode(body))
    (_, tbs), algorithm, _ = children(certificate)
    signed = encode(0x30, join(edits[edit](children(tbs))))
    sign = ["openssl", "dgst", "-sha256", "-sign", key]
    signature = subprocess.run(sign, input=signed, stdout=subprocess.PIPE, check=True).stdout
    whole = encode(0x30, signed + encode(*algorithm) + encode(0x03, b"\x00" + signature))
    text = base64.b64encode(whole).decode()
    lines = "".join(f"{text[at : at + 64]}\n" for at in range(0, len(text), 64))
    with open(path, "w") as file:
        file.write(f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")


main(*sys.argv[1:])
