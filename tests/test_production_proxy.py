"""deploy/nginx.conf in a real nginx: nobody gets past the login, and each only where their group may go. A small server stands in for oauth2-proxy and for the web servers."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.ports import free_port

CONF = (REPOSITORY / "deploy" / "nginx.conf").read_text(encoding="utf-8")
GROUPS = {"preparer": "esg-preparers", "assurer": "esg-assurers", "visitor": "others"}


class Behind(http.server.BaseHTTPRequestHandler):
    """What nginx passes requests on to. At /oauth2 it answers as oauth2-proxy does: 401 to who is nobody, 403 to whose group may not, 202 to who may; elsewhere it says who was asked for what."""

    def do_GET(self) -> None:
        """Answers."""
        address = urllib.parse.urlsplit(self.path)
        if address.path == "/oauth2/auth":
            who = re.search(r"who=(\w+)", self.headers.get("Cookie", ""))
            allowed = urllib.parse.parse_qs(address.query)["allowed_groups"][0].split(",")
            self._say(401 if who is None else 202 if GROUPS[who[1]] in allowed else 403, {})
        elif address.path.startswith("/oauth2/"):
            self._say(200, {"login": self.headers.get("X-Auth-Request-Redirect")})
        else:
            self._say(200, {"server": self.server.server_address[1], "path": self.path, "upgrade": self.headers.get("Upgrade"), "host": self.headers.get("Host")})

    def _say(self, status: int, what: dict[str, object]) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its doors and what stands behind them with their ports, and its certificate."""

    ports: dict[str, int]
    certificate: Path

    def get(self, door: str, path: str, who: str = "", **headers: str) -> tuple[int, str]:
        """Status and body of what a door of the proxy (8443, 8444) answers."""
        request = urllib.request.Request(f"https://localhost:{self.ports[door]}{path}", headers={**headers, **({"Cookie": f"who={who}"} if who else {})})
        try:
            with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=str(self.certificate))) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed; .ci/run installs it")
    place = tmp_path_factory.mktemp("proxy")
    results = place / "results"
    (results / "runs" / "key" / "report").mkdir(parents=True)
    (results / "runs" / "key" / "report" / "index.html").write_text("the report", encoding="utf-8")
    (results / "amounts.parquet").write_text("not for everybody", encoding="utf-8")
    (results / "latest").symlink_to("runs/key")  # As a run leaves it.
    (results / "report").symlink_to("latest/report")
    tls = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*tls, "-keyout", str(place / "tls.key"), "-out", str(place / "tls.crt")], check=True, capture_output=True)
    ports = {name: free_port() for name in ("8443", "8444", "login:4180", "webserver:3000", "webserver-read-only:3001")}
    conf = CONF.replace("/etc/nginx/tls", str(place)).replace("/results/", f"{place}/results/")
    for name, port in ports.items():
        conf = conf.replace(f"http://{name}", f"http://127.0.0.1:{port}") if ":" in name else conf.replace(f"listen {name} ", f"listen 127.0.0.1:{port} ")
    paths = "".join(f"{name}_temp_path {place}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(f"daemon off; user root; pid {place}/pid; error_log {place}/error.log; events {{}} http {{ access_log off; {paths}\n{conf}\n}}", encoding="utf-8")
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Behind) for name, port in ports.items() if ":" in name]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    started = subprocess.Popen([nginx, "-p", str(place), "-c", str(place / "nginx.conf")], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _listening(ports["8444"])
        yield Proxy(ports, place / "tls.crt")
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(timeout=30)
        for server in servers:
            server.shutdown()
            server.server_close()


def _listening(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("path", ["/", "/runs", "/graphql", "/report/", "/report/index.html", "/report/../amounts.parquet"])
@pytest.mark.parametrize("door", ["8443", "8444"])
def test_who_is_not_logged_in_gets_the_login_and_nothing_else(proxy: Proxy, door: str, path: str) -> None:
    assert set(json.loads(proxy.get(door, path)[1])) == {"login"}


@pytest.mark.parametrize(
    ("door", "who", "server"),
    [("8443", "preparer", "webserver:3000"), ("8444", "preparer", "webserver-read-only:3001"), ("8444", "assurer", "webserver-read-only:3001"), ("8443", "assurer", None), ("8443", "visitor", None), ("8444", "visitor", None)],
)
def test_each_group_reaches_the_server_that_is_meant_for_it_and_no_other(proxy: Proxy, door: str, who: str, server: str | None) -> None:
    status, body = proxy.get(door, "/runs?x=1", who, Upgrade="websocket", Connection="upgrade")

    if server is None:
        assert (status, "server" in body) == (403, False)
    else:
        said = json.loads(body)
        assert (status, said["server"], said["path"], said["upgrade"]) == (200, proxy.ports[server], "/runs?x=1", "websocket")


def test_the_report_site_is_behind_the_same_login(proxy: Proxy) -> None:
    assert proxy.get("8444", "/report/", "assurer") == (200, "the report")
    assert proxy.get("8444", "/report/index.html", "assurer") == (200, "the report")
    assert proxy.get("8444", "/report/index.html", "visitor")[0] == 403


def test_nothing_beside_the_report_is_served_from_the_results(proxy: Proxy) -> None:
    for path in ("/report/../amounts.parquet", "/report/%2e%2e/amounts.parquet", "/report/..%2famounts.parquet"):
        assert "not for everybody" not in proxy.get("8444", path, "assurer")[1]


def test_the_answer_that_nginx_asks_for_is_not_to_be_had_from_outside(proxy: Proxy) -> None:
    assert proxy.get("8444", "/oauth2/auth", "assurer")[0] == 404
    assert proxy.get("8444", "/oauth2/auth?allowed_groups=others", "visitor")[0] == 404
