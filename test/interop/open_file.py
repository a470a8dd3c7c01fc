#!/usr/bin/env python3
"""Opens a license or machine file, knowing nothing of Latchkey but docs/formats/files.md.

    open_file.py --public-key HEX [--key LICENSE_KEY] [--fingerprint FINGERPRINT] FILE

Prints the payload and ends with 0. Ends with 1 and says why when the file is not what it claims to be.
Checks form, Ed25519 signature, encryption and fingerprint; times are for the caller to judge.
Needs python3-cryptography; shares no code with the rest of this repository.
"""
import argparse
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    pass


def strict_base64(text):
    """RFC 4648 section 4 with padding; the only spelling of the bytes is accepted."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused(f"not base64: {error}")
    if base64.b64encode(data).decode() != text:
        raise Refused("not canonical base64")
    return data


def unique_members(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("a member occurs twice")
    return dict(pairs)


def read_json(data):
    try:
        tree = json.loads(data.decode("utf-8"), object_pairs_hook=unique_members)
    except ValueError as error:
        raise Refused(f"not JSON: {error}")
    if not isinstance(tree, dict):
        raise Refused("not a JSON object")
    return tree


def open_file(text, public_key, key, fingerprint):
    text = text.strip(" \t\r\n")
    for kind in ("LICENSE", "MACHINE"):
        begin, end = f"-----BEGIN {kind} FILE-----", f"-----END {kind} FILE-----"
        if text.startswith(begin) and text.endswith(end) and len(text) >= len(begin) + len(end):
            break
    else:
        raise Refused("neither a license file nor a machine file")
    body = text[len(begin):-len(end)].replace("\n", "").replace("\r", "")
    document = read_json(strict_base64(body))
    enc, sig, alg = (document.get(name) for name in ("enc", "sig", "alg"))
    if not all(isinstance(part, str) for part in (enc, sig, alg)):
        raise Refused("enc, sig or alg is missing")
    if alg not in ("base64+ed25519", "aes-256-gcm+ed25519"):
        raise Refused("this program checks Ed25519 signatures only")
    try:
        public_key.verify(strict_base64(sig), f"{kind.lower()}/{enc}".encode())
    except InvalidSignature:
        raise Refused("the signature is wrong")

    if alg.startswith("aes-256-gcm+"):
        if key is None or (kind == "MACHINE" and fingerprint is None):
            raise Refused("the file is encrypted: --key (and for machine files --fingerprint) needed")
        secret = key + (fingerprint if kind == "MACHINE" else "")
        parts = [strict_base64(part) for part in enc.split(".")]
        if len(parts) != 3 or len(parts[1]) != 12 or len(parts[2]) != 16:
            raise Refused("enc is not ciphertext, iv and tag")
        ciphertext, iv, tag = parts
        try:
            payload = AESGCM(hashlib.sha256(secret.encode()).digest()).decrypt(iv, ciphertext + tag, None)
        except InvalidTag:
            raise Refused("wrong license key or fingerprint")
    else:
        payload = strict_base64(enc)

    tree = read_json(payload)
    if kind == "MACHINE" and fingerprint is not None:
        if tree.get("data", {}).get("attributes", {}).get("fingerprint") != fingerprint:
            raise Refused("the file belongs to another machine")
    return payload


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--public-key", required=True, help="Ed25519 public key, 64 hex digits")
    parser.add_argument("--key", help="license key, for encrypted files")
    parser.add_argument("--fingerprint", help="machine fingerprint, for machine files")
    parser.add_argument("file")
    arguments = parser.parse_args()
    try:
        public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(arguments.public_key))
        with open(arguments.file, encoding="ascii", newline="") as source:
            text = source.read()
        payload = open_file(text, public_key, arguments.key, arguments.fingerprint)
    except (Refused, OSError, ValueError) as error:
        print(f"open_file.py: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(payload + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
