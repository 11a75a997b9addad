"""Asks an address over TLS once: front.py PORT PATH AUTHORITY; prints the certificate's name, the head and the body."""

import socket
import ssl
import sys

port, path, authority = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=authority)
with socket.create_connection(("127.0.0.1", port), timeout=20) as bare:
    with context.wrap_socket(bare, server_hostname="localhost") as stream:
        subject = stream.getpeercert()["subject"]
        print(stream.version(), dict(pair[0] for pair in subject)["commonName"])
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while part := stream.recv(65536):
            sys.stdout.write(part.decode())
