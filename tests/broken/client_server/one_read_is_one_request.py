"""Takes what one read from the connection gives for the whole request."""

import io
import socket
import threading

import implementation
from implementation import *

CAUGHT_BY = ("test_a_request_in_many_pieces_is_one_request",)


def answer(app, connection):
    with connection:
        while received := connection.recv(65_536):
            head, _, body = received.partition(b"\r\n\r\n")
            method, path = [*head.decode().split(" "), "", ""][:2]
            environ = {"REQUEST_METHOD": method.strip() or "GET", "PATH_INFO": path or "/"}
            environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
            environ |= {
                "SERVER_NAME": "notes",
                "SERVER_PORT": "80",
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(body),
            }
            told = []
            content = b"".join(app(environ, lambda *status: told.append(status)))
            fields = "".join(f"{name}: {value}\r\n" for name, value in told[0][1] if name != "Connection")
            connection.sendall(f"HTTP/1.1 {told[0][0]}\r\n{fields}\r\n".encode() + content)
            if b"Connection: close" in received:
                return


def serve_by_waitress(port, workers, threads, options):
    app = create_app(**options)
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            threading.Thread(target=answer, args=(app, listener.accept()[0]), daemon=True).start()


implementation.server.ENGINES = dict.fromkeys(implementation.server.ENGINES, serve_by_waitress)
