#!/usr/bin/env python3
"""Checks the signature of a saved answer of the API, with python3-cryptography only.

    curl -si https://licensing.example.com/v1/me -o answer.txt
    verify_response.py --public-key HEX GET https://licensing.example.com/v1/me answer.txt

METHOD and URL are those of the request. Prints the signed date and ends with 0 when the Ed25519
signature is genuine; ends with 1 and says why when it is not. Whether the date is fresh enough is for
the caller to judge. Shares no code with the rest of this repository.
"""
import argparse
import base64
import hashlib
import re
import sys
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE = re.compile(r'keyid="([^"]+)", algorithm="([^"]+)", signature="([^"]+)", '
                       r'headers="\(request-target\) host date digest"')


class Refused(Exception):
    pass


def split_answer(dump):
    """Headers (lower-case names) and body of the last answer in a `curl -i` dump."""
    while True:
        head, separator, rest = dump.partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"HTTP/"):
            raise Refused("not an HTTP answer as `curl -si` saves it")
        lines = head.decode("latin-1").split("\r\n")
        status = lines[0].split(" ")[1]
        if not status.startswith("1"):
            break
        dump = rest  # an interim answer such as 100 Continue
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, rest


def signed_host(url):
    """The authority in lower case, without the scheme's default port."""
    default = {"https": ":443", "http": ":80"}[url.scheme]
    host = url.netloc.rpartition("@")[2].lower()
    return host[:-len(default)] if host.endswith(default) else host


def verify(method, address, dump, public_key):
    headers, body = split_answer(dump)
    url = urlsplit(address)
    # Everything after the authority, exactly as sent; a fragment never is.
    target = address.split("#")[0].split("//", 1)[1]
    target = target[len(url.netloc):] or "/"
    if not target.startswith("/"):
        target = "/" + target
    digest = headers.get("keygen-digest", headers.get("digest"))
    date = headers.get("keygen-date", headers.get("date"))
    match = SIGNATURE.fullmatch(headers.get("keygen-signature", ""))
    if not digest or not date or not match:
        raise Refused("digest, date or signature header is missing or unreadable")
    if match.group(2) != "ed25519":
        raise Refused("this program checks Ed25519 signatures only")
    if digest != "sha-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode():
        raise Refused("the body does not have the digest")
    text = (f"(request-target): {method.lower()} {target}\nhost: {signed_host(url)}\n"
            f"date: {date}\ndigest: {digest}")
    try:
        public_key.verify(base64.b64decode(match.group(3), validate=True), text.encode("latin-1"))
    except InvalidSignature:
        raise Refused("the signature is wrong")
    return date


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--public-key", required=True, help="Ed25519 public key, 64 hex digits")
    parser.add_argument("method")
    parser.add_argument("url")
    parser.add_argument("file", help="what `curl -si` printed")
    arguments = parser.parse_args()
    try:
        public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(arguments.public_key))
        with open(arguments.file, "rb") as source:
            date = verify(arguments.method, arguments.url, source.read(), public_key)
    except (Refused, OSError, ValueError, KeyError, IndexError) as error:
        print(f"verify_response.py: {error}", file=sys.stderr)
        return 1
    print(f"genuine, signed {date}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
