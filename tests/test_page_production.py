"""docs/production.md and the files in deploy: that they fit each other, that what they start starts, and that backup, restore and upgrade end as the page says."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.docs_runner import walked
from tests.ports import free_port
from tests.postgres_server import Server
from tests.terminal_scenario import esg_kpis, told, workspace

DEPLOY = REPOSITORY / "deploy"
PAGE = (REPOSITORY / "docs" / "production.md").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
MANIFESTS: list[dict[str, Any]] = [item for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
POD_SPECS: dict[str, dict[str, Any]] = {item["metadata"]["name"]: item["spec"]["template"]["spec"] for item in MANIFESTS if item["kind"] == "Deployment"}


def port_of(command: list[str]) -> int:
    """The port that a command listens on."""
    return int(command[command.index("-p") + 1])


def asked_for() -> set[tuple[str, int]]:
    """Host and port of everything that nginx, oauth2-proxy aside, and Dagster go to."""
    code = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))["load_from"][0]["grpc_server"]
    return {(host, int(port)) for host, port in re.findall(r"proxy_pass http://([\w-]+):(\d+)", NGINX)} | {(code["host"], code["port"])}


# ---------------------------------------------------------------- the files fit each other


def test_what_is_asked_for_is_a_service_that_listens_there() -> None:
    listening = {(name, port_of(item["command"])) for name, item in SERVICES.items() if "-p" in item.get("command", [])} | {("login", 4180)}
    in_kubernetes = {(item["metadata"]["name"], port["port"]) for item in MANIFESTS if item["kind"] == "Service" for port in item["spec"]["ports"]}
    commands = {(name, port_of(spec["containers"][0]["command"])) for name, spec in POD_SPECS.items() if "-p" in spec["containers"][0].get("command", [])}

    assert asked_for() == {("code", 4000), ("webserver", 3000), ("webserver-read-only", 3001), ("login", 4180)}
    assert asked_for() <= listening
    assert asked_for() <= in_kubernetes
    assert commands == listening - {("login", 4180)}
    assert SERVICES["login"]["environment"]["OAUTH2_PROXY_HTTP_ADDRESS"].endswith(":4180")


def test_only_the_proxy_is_reached_and_the_web_servers_are_in_a_network_of_their_own() -> None:
    assert [name for name, item in SERVICES.items() if "ports" in item] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [name for name, item in SERVICES.items() if "outside" in item["networks"]] == ["login", "proxy"]
    assert [item["metadata"]["name"] for item in MANIFESTS if item["kind"] == "Service" and item["spec"].get("type", "ClusterIP") != "ClusterIP"] == ["proxy"]
    kept = {label for item in MANIFESTS if item["kind"] == "NetworkPolicy" for label in _selected(item["spec"]["podSelector"])}
    assert kept == {"webserver", "webserver-read-only", "login", "code", "daemon"}
    assert {int(port) for port in re.findall(r"listen (\d+) ssl", NGINX)} == {int(entry.split(":")[1]) for entry in SERVICES["proxy"]["ports"]}


def _selected(selector: dict[str, Any]) -> list[str]:
    return [selector["matchLabels"]["app"]] if "matchLabels" in selector else list(selector["matchExpressions"][0]["values"])


def test_every_way_through_the_proxy_asks_for_a_login() -> None:
    for block in re.findall(r"location (?:= )?(\S+) \{(.*?)\n    \}", NGINX, flags=re.DOTALL):
        place, text = block
        assert place.startswith("/oauth2/") or "auth_request /oauth2/auth;" in text, place
    assert NGINX.count("{") == NGINX.count("}")
    read_only = NGINX.split("listen 8444")[1]
    assert "webserver-read-only:3001" in read_only
    assert "webserver:3000" not in read_only


def test_the_read_only_server_says_so_and_the_other_does_not() -> None:
    for commands in ({name: item.get("command", []) for name, item in SERVICES.items()}, {name: spec["containers"][0].get("command", []) for name, spec in POD_SPECS.items()}):
        assert [name for name, command in commands.items() if "--read-only" in command] == ["webserver-read-only"]


def test_variables_and_secrets_are_those_that_the_page_and_the_program_know() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert {name for name in asked if f"`{name}`" not in PAGE} == set()
    settings = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    url = settings["storage"]["postgres"]["postgres_url"]["env"]
    for name in ("code", "daemon", "webserver", "webserver-read-only"):
        assert url in SERVICES[name]["environment"]
        assert url in {item["name"] for item in POD_SPECS[name]["containers"][0]["env"]}
    assert SERVICES["code"]["environment"][url].startswith("postgresql+psycopg2://")
    ours = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "pipelines").glob("*.py"))
    given = {name for item in (SERVICES["code"]["environment"], {item["name"]: "" for item in POD_SPECS["code"]["containers"][0]["env"]}) for name in item}
    assert {name for name in given if name.startswith("ESG_KPIS") and f'"{name}"' not in ours} == set()
    used = {(ref["name"], ref["key"]) for spec in POD_SPECS.values() for item in spec["containers"][0].get("env", []) if (ref := item.get("valueFrom", {}).get("secretKeyRef"))}
    assert used == {("databases", "DAGSTER_POSTGRES_URL"), ("databases", "ESG_KPIS_REGISTER")}
    assert all(f"`{name}`" in PAGE for pair in used for name in pair)


def test_no_key_that_signs_is_on_the_server() -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file())

    assert "ESG_KPIS_KEY" not in everything
    assert "PRIVATE KEY" not in everything


def test_the_image_copies_what_is_there_and_installs_the_storage_that_goes_with_dagster() -> None:
    copied = [word for line in re.findall(r"^COPY (.+)$", DOCKERFILE, flags=re.MULTILINE) for word in line.split()[:-1]]
    kept = set(re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE))
    minor, patch = version("dagster").split(".")[1:3]

    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    assert set(copied) == kept
    assert f"DAGSTER_POSTGRES=0.{int(minor) + 16}.{patch}\n" in DOCKERFILE
    assert "USER esg" in DOCKERFILE


def test_the_package_is_built_from_what_the_image_copies(tmp_path: Path) -> None:
    """As the last `RUN pip install` of the image builds it, without the rest of the repository."""
    for name in re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE):
        source, target = REPOSITORY / name, tmp_path / "app" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    built = subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=tmp_path / "app", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    inside = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())

    assert {"pipelines/cli.py", "esg_kpis/units.txt", "esg_kpis/starter/factors/sources.csv"} <= inside


def test_kubernetes_renders_the_manifests() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed; the manifests are only read here")
    rendered = subprocess.run(["kubectl", "kustomize", str(DEPLOY)], capture_output=True, text=True, check=True).stdout  # noqa: S607
    items = list(yaml.safe_load_all(rendered))
    maps = {item["metadata"]["name"] for item in items if item["kind"] == "ConfigMap"}
    mounted = {volume["configMap"]["name"] for item in items if item["kind"] == "Deployment" for volume in item["spec"]["template"]["spec"].get("volumes", []) if "configMap" in volume}

    assert mounted == maps
    assert {item["metadata"].get("namespace") for item in items if item["kind"] != "Namespace"} == {"esg-kpis"}
    assert len(items) == len(MANIFESTS) + 2


# ---------------------------------------------------------------- what the files start


def asks(port: int, query: str) -> Any:  # noqa: ANN401
    """A question to a web server."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", data=json.dumps({"query": query}).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["data"]


def listens(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Waits until a server is there; fails with what it said if it ends before, or is not there after three minutes."""
    until = time.monotonic() + 180
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        if server.poll() is not None or time.monotonic() > until:
            pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-4000:])
        time.sleep(0.2)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The code server and both web servers, by the commands of the compose file; hosts and ports of this machine in place of those of its networks."""
    place = tmp_path_factory.mktemp("served")
    root = workspace(place / "workspace")
    ports = {name: free_port() for name in ("code", "webserver", "webserver-read-only")}
    found = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    found["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": ports["code"]}
    (place / "workspace.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")
    (place / "home").mkdir()
    environment = {**os.environ, "DAGSTER_HOME": str(place / "home"), "ESG_KPIS_ROOT": str(root), "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY)))}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name, port in ports.items():
            words = [str(port) if word in ("3000", "3001", "4000") else "127.0.0.1" if word == "0.0.0.0" else word for word in SERVICES[name]["command"]]  # noqa: S104
            words = [str(place / "workspace.yaml") if word.endswith("workspace.yaml") else word for word in words]
            program = shutil.which(words[0], path=str(Path(sys.executable).parent))
            assert program is not None
            with (place / f"{name}.log").open("wb") as said:
                started.append(subprocess.Popen([sys.executable, program, *words[1:]], env=environment, cwd=place, stdout=said, stderr=said, start_new_session=True))
            listens(started[-1], port, place / f"{name}.log")  # One after the other: two that make the storage of a new home at once may trip over each other.
        yield ports
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(timeout=60)


def test_the_read_only_web_server_refuses_to_launch_a_run(served: dict[str, int]) -> None:
    launch = 'mutation { launchRun(executionParams: {selector: {jobName: "nobody", repositoryLocationName: "esg-kpis", repositoryName: "__repository__"}}) { __typename } }'

    assert asks(served["webserver-read-only"], launch)["launchRun"]["__typename"] == "UnauthorizedError"
    # The other one looks for the job: so it was the word read-only that refused.
    assert asks(served["webserver"], launch)["launchRun"]["__typename"] != "UnauthorizedError"
    with urllib.request.urlopen(f"http://127.0.0.1:{served['webserver-read-only']}/server_info", timeout=30) as answer:
        assert json.load(answer)["dagster_version"] == version("dagster")


def test_dagster_keeps_its_runs_in_postgresql(tmp_path: Path) -> None:
    """dagster.yaml as it is, with a real server; only where the package that does it is installed, as in the image."""
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is no dependency; the image installs it")
    server = Server()
    try:
        root, home = workspace(tmp_path / "workspace"), tmp_path / "dagster"
        home.mkdir()
        shutil.copy(DEPLOY / "dagster.yaml", home)
        where = {"DAGSTER_POSTGRES_URL": server.database("runs").replace("postgresql://", "postgresql+psycopg2://"), "ESG_KPIS_REGISTER": server.database("register")}
        assert esg_kpis(root, "run", **where).returncode == 0
        assert told(root, "status", **where)["register"].startswith("postgresql://")
        code = "import dagster as dg; i = dg.DagsterInstance.get(); print(type(i.run_storage).__name__, [run.status.value for run in i.get_runs()])"
        done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "DAGSTER_HOME": str(home)} | where, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["PostgresRunStorage", "['SUCCESS']"]
    finally:
        server.stop()


# ---------------------------------------------------------------- backup, restore, upgrade


def test_a_backup_is_read_back_and_gives_the_same_run(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")
    assert esg_kpis(root, "run").returncode == 0
    told(root, "keys", "new", str(tmp_path / "key.pem"))
    told(root, "keys", "trust", str(tmp_path / "key.pub.pem"), "--role", "preparer", "--label", "preparer")
    told(root, "approve", "--edition", "e1", "--period", "2023", "--as", "prepared", "--key", str(tmp_path / "key.pem"))
    before = told(root, "status")

    said = dict(walked(REPOSITORY / "docs" / "production.md", tmp_path))
    restored = json.loads((tmp_path / "restored.json").read_text(encoding="utf-8"))

    assert "chain, signatures and numbers hold" in " ".join(said["esg-kpis register verify register.jsonl"].split())
    assert restored["run"]["key"] == before["run"]["key"]
    assert restored["run"]["changed_since"] == []
    assert restored["head"] == before["head"]
    assert [row["state"] for row in restored["periods"]] == ["prepared", "open"]


def test_another_version_of_the_program_is_another_run_and_diff_says_what_it_did(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")
    assert esg_kpis(root, "run").returncode == 0
    newer = tmp_path / "newer"
    for part in ("src", "pipelines"):
        shutil.copytree(REPOSITORY / part, newer / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    with (newer / "src" / "esg_kpis" / "ranges.py").open("a", encoding="utf-8") as file:
        file.write("# Another version.\n")
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path / "dagster"), "PYTHONPATH": os.pathsep.join((str(newer / "src"), str(newer)))}

    def with_the_newer(*words: str) -> Any:  # noqa: ANN401
        done = subprocess.run([sys.executable, "-m", "pipelines.cli", "--root", str(root), *words, "--json"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    assert with_the_newer("status")["run"]["changed_since"] == ["the program"]
    with_the_newer("run")
    found = with_the_newer("diff", "previous", "latest")

    assert "esg_kpis" in json.dumps(found)
    assert found["cells"] == []
