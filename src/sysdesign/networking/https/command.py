"""Command line: runs the sites as a process; and the same sites for nginx."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from sysdesign.networking.https.front import Front
from sysdesign.networking.https.server import Request, Response, Server
from sysdesign.networking.https.wardrobe import Wardrobe

HOST = "127.0.0.1"


def tell(request: Request) -> Response:
    """Answer with what the server knows of whoever asks."""
    channel = request.channel._asdict() if request.channel else {}
    told = {"site": request.host.partition(":")[0], "protocol": "", "cipher": "", "resumed": False, "client": ""}
    return Response(200, {"Content-Type": "application/json"}, json.dumps(told | channel).encode())


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="https", description="Sites by HTTP and HTTPS, on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True, help="where HTTP is spoken")
    parser.add_argument("--tls-port", type=int, required=True, help="where HTTPS is spoken")
    parser.add_argument("--mutual-port", type=int, help="where clients must have certificates")
    parser.add_argument("--certificates", type=Path, required=True, help="folder of NAME.pem, and of clients.pem")
    parser.add_argument("--site", action="append", required=True, help="name that is answered by HTTPS only")
    parser.add_argument("--plain", action="append", default=[], help="name that is answered by HTTP")
    told = parser.parse_args()
    front = Front(tell, told.site, told.plain)
    servers = [Server((HOST, told.tls_port), front, Wardrobe(told.certificates, told.site).context)]
    if told.mutual_port:
        mutual = Wardrobe(told.certificates, told.site, told.certificates / "clients.pem")
        servers.append(Server((HOST, told.mutual_port), front, mutual.context))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    Server((HOST, told.port), front).serve_forever()


def nginx_configuration(names: Sequence[str], plain: Sequence[str], tls_port: int, mutual_port: int) -> str:
    """Return the same sites for nginx's http block, with `{listen}` and `{directory}` (of the certificates) still to be filled in."""
    text = (Path(__file__).parent / "nginx.conf").read_text()
    gaps = {"names": " ".join(names), "plain": " ".join(plain), "tls_port": tls_port, "mutual_port": mutual_port}
    for gap, value in gaps.items():
        text = text.replace(f"{{{gap}}}", str(value))
    return text
