"""A proxy that looks into TLS, as a company's does: it answers CONNECT for any host with a certificate of its own authority, and
sends what it reads to one server. Prints "listening PORT", then a line for each CONNECT and each request line it saw in clear.

usage: inspecting_proxy.py CHAIN KEY SERVER-PORT
"""
import select
import socket
import ssl
import sys
import threading


def relay(inside, server):
    """Both ways in one thread: a TLS connection is not for two at once."""
    ends = {inside: server, server: inside}
    try:
        while True:
            waiting = [end for end in ends if end.pending()] or select.select(list(ends), [], [])[0]
            for end in waiting:
                end.setblocking(False)
                try:
                    data = end.recv(65536)
                except ssl.SSLWantReadError:  # a session ticket, half a record
                    continue
                finally:
                    end.setblocking(True)
                if not data:
                    return
                if end is inside:
                    see(data)
                ends[end].sendall(data)
    except OSError:
        pass
    finally:
        for end in ends:
            end.close()


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
    relay(inside, server)


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
