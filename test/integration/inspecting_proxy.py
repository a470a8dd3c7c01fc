"""A proxy that looks into TLS, as a company's does: it answers CONNECT for any host with a certificate of its own authority, and
sends what it reads to one server. Prints "listening PORT", then a line for each CONNECT and each request line it saw in clear.

usage: inspecting_proxy.py CHAIN KEY SERVER-PORT
"""
import socket
import ssl
import sys
import threading


def copy(source, target, see=None):
    try:
        while data := source.recv(65536):
            if see:
                see(data)
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def see(data):
    line = data.split(b"\r\n", 1)[0]
    if line.endswith(b" HTTP/1.1"):
        print("saw", line.split(b"?")[0].decode("latin-1"), flush=True)


def serve(client, context, port):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more:
            return
        head += more
    print(head.split(b"\r\n", 1)[0].decode("latin-1"), flush=True)
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        inside = context.wrap_socket(client, server_side=True)
    except (ssl.SSLError, OSError):  # the client does not trust us
        print("not trusted", flush=True)
        return
    outward = ssl.create_default_context()
    outward.check_hostname = False
    outward.verify_mode = ssl.CERT_NONE
    server = outward.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    threading.Thread(target=copy, args=(server, inside), daemon=True).start()
    copy(inside, server, see)


def main():
    chain, key, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, context, port), daemon=True).start()


main()
