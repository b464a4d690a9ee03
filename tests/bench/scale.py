#!/usr/bin/env python3
"""Compares response times with 100,000 tenants and 1,000,000 holidays with those with 100 tenants.

usage: tests/bench/scale.py [--tenants N] [--rounds N] [sqlite|postgres]

Default: both engines. PostgreSQL is a private cluster of the installed programs, which is deleted at the end.
Each of the two servers starts on an empty database, which is then filled by SQL: ten holidays for each tenant, a thousand for
the one in the middle, and a distributor with all tenants. The figures are medians over one connection; "first" is the first
response after a change to a tenant.

PROGRAM            a pbx-server that is already built (default: built with --release)
PBX_TEST_POSTGRES_BIN   the directory of initdb, if it is an unusual one
"""

import argparse
import contextlib
import http.client
import json
import os
import pwd
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

PASSWORD = "Scale-benchm4rk"
FIRST_TENANT = 100_000_000_000_000_000
HOLIDAYS = 10
MANY_HOLIDAYS = 1_000

# {n} is the number of tenants, {first} the ID before the first, {middle} the ID of one of them, {dealer} that of the distributor;
# {yes} and {no} are booleans.
FILL = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {n})
INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                     max_concurrent_calls, created_at, search_text)
SELECT {first} + i, 'Tenant ' || i, 't' || i || '.example.com', 't' || i || '.example.com', 'Europe/Berlin', 'EUR',
       CASE WHEN i % 50 = 0 THEN 'AUT' ELSE 'DEU' END, CASE WHEN i % 10 = 0 THEN {no} ELSE {yes} END, i, 20,
       1700000000000000 + i, 'tenant ' || i || ' t' || i || '.example.com europe/berlin eur'
FROM numbers;
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {many_holidays})
INSERT INTO holidays (tenant_id, id, name, region, consecutive, every_year, month_start, month_end, day_start, day_end,
                      hour_start, hour_end, minute_start, minute_end)
SELECT tenants.id, (tenants.id - {first}) * 1000 + numbers.i, 'Holiday ' || numbers.i, 'DEU', {no}, {yes},
       12, 12, 24, 24, 0, 23, 0, 59
FROM tenants CROSS JOIN numbers WHERE numbers.i <= {holidays} OR tenants.id = {middle};
INSERT INTO tenant_dealers (tenant_id, dealer_id) SELECT id, {dealer} FROM tenants;
INSERT INTO dealer_tenants (ancestor_id, tenant_id) SELECT {dealer}, id FROM tenants;
"""


class Server:
    """A running server."""

    def __init__(self, program, database, directory):
        command = [program, "serve", "--listen", "127.0.0.1:0", "--database", database, "--key-file", str(directory / "key"),
                   "--rate-limit", "0", "--sip", "off", "--log", "warn"]
        environment = {**os.environ, "PBX_ADMIN_PASSWORD": PASSWORD}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit("the server did not start")
        self.address = line.split("//")[1].split("/")[0]

    def signed_in(self, name):
        return Session(self.address, name)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Session:
    """A session with its own connection."""

    def __init__(self, address, name):
        self.connection = http.client.HTTPConnection(address)
        self.token = None
        self.token = self.call("POST", "/auth/sign_in", {"username": name, "password": PASSWORD})["access_token"]

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        body = json.dumps(body) if body is not None else None
        try:
            self.connection.request(method, "/api" + path, body, headers)
            response = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server closes idle connections.
            self.connection.close()
            self.connection.request(method, "/api" + path, body, headers)
            response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text) if text else None

    def seconds(self, path):
        start = time.perf_counter()
        self.call("GET", path)
        return time.perf_counter() - start

    def median(self, path, rounds, before=lambda: None):
        """Returns milliseconds."""
        times = []
        for _ in range(rounds):
            before()
            times.append(self.seconds(path) * 1000)
        return statistics.median(times)


class Sqlite:
    """Databases in files."""

    yes, no = "1", "0"

    def __init__(self, directory):
        self.directory = directory
        self.created = 0

    def database(self):
        self.created += 1
        return str(self.directory / f"{self.created}.db")

    def run(self, database, statements):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.executescript(f"BEGIN;{statements}COMMIT;")

    def end(self):
        pass


class Postgres:
    """A private PostgreSQL like that of tests/postgres, but with fsync as in production."""

    yes, no = "true", "false"

    def __init__(self, directory):
        self.directory = directory / "postgres"
        self.directory.mkdir()
        self.programs = self.find()
        self.created = 0
        self.user = []
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = next(pwd.getpwnam(name) for name in ("postgres", "nobody"))
            self.user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
            directory.chmod(0o711)
            os.chown(self.directory, user.pw_uid, user.pw_gid)
        self.program("initdb", "--auth=trust", "--username=pbx", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                     "--pgdata", self.directory / "data")
        options = f"-c listen_addresses= -c unix_socket_directories={self.directory}"
        self.program("pg_ctl", "-D", self.directory / "data", "-l", self.directory / "log", "-o", options, "-w", "start")

    @staticmethod
    def find():
        named = os.environ.get("PBX_TEST_POSTGRES_BIN")
        debian = Path("/usr/lib/postgresql")
        versions = sorted((path for path in debian.glob("*") if path.name.isdigit()), key=lambda path: -int(path.name))
        directories = [Path(named)] if named else [path / "bin" for path in versions]
        directories += [Path(directory) for directory in os.environ.get("PATH", "").split(os.pathsep)]
        found = next((directory for directory in directories if (directory / "initdb").is_file()), None)
        return found or sys.exit("PostgreSQL is not installed (Debian: apt-get install postgresql-15)")

    def program(self, name, *arguments):
        command = [*self.user, self.programs / name, *arguments]
        done = subprocess.run(command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"{name} failed")

    def psql(self, database, *arguments):
        self.program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "pbx", "-d", database, *arguments)

    def database(self):
        self.created += 1
        name = f"d{self.created}"
        self.psql("postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgres://pbx@{quote(str(self.directory), safe='')}/{name}"

    def run(self, database, statements):
        # Autovacuum would do this a minute later.
        self.psql(database.rsplit("/", 1)[1], "-c", statements, "-c", "VACUUM ANALYZE")

    def end(self):
        self.program("pg_ctl", "-D", self.directory / "data", "-m", "fast", "-w", "stop")


def filtered(condition, more="", path="/tenants"):
    return f"{path}?top=20&filter={quote(condition)}{more}"


def measure(program, engine, tenants, rounds):
    """Returns the medians by request."""
    with tempfile.TemporaryDirectory() as directory:
        database = engine.database()
        server = Server(program, database, Path(directory))
        dealer = {"name": "distributor", "password": PASSWORD, "level": "DISTRIBUTOR", "email": "d@example.com",
                  "display_name": "Distributor", "tenant_full_access": True}
        dealer = server.signed_in("admin").call("POST", "/dealers", dealer)["id"]
        server.end()
        middle = FIRST_TENANT + tenants // 2
        engine.run(database, FILL.format(n=tenants, first=FIRST_TENANT, middle=middle, holidays=HOLIDAYS, dealer=dealer,
                                         many_holidays=MANY_HOLIDAYS, yes=engine.yes, no=engine.no))

        server = Server(program, database, Path(directory))
        admin, distributor, inside = server.signed_in("admin"), server.signed_in("distributor"), server.signed_in("admin")
        inside.call("POST", f"/tenants/switch?id={middle}")
        holiday = inside.call("GET", "/holidays?top=1")["items"][0]["id"]
        renamed = iter(range(10**9))

        def touch():
            """Updates a tenant, which invalidates the cached counts."""
            admin.call("POST", f"/tenants/{middle + 1}", {"website": f"https://{next(renamed)}.example.com"})

        few = f"t{tenants // 2}.example.com"
        requests = {
            "show a tenant": (admin, f"/tenants/{middle}"),
            "first page": (admin, "/tenants?top=20"),
            "first page, by name": (admin, "/tenants?top=20&orderby=name"),
            "first page, newest first": (admin, f"/tenants?top=20&orderby={quote('created_at desc')}"),
            "first page of a distributor": (distributor, "/tenants?top=20"),
            "domain eq, one": (admin, filtered(f"domain eq '{few}'")),
            "region eq, one in 50": (admin, filtered("region eq 'AUT'")),
            "region eq, by name": (admin, filtered("region eq 'AUT'", "&orderby=name")),
            "region eq, nearly all": (admin, filtered("region eq 'DEU'")),
            "enabled and region": (admin, filtered("enabled eq false and region eq 'AUT'")),
            "startswith, few": (admin, filtered(f"startswith(name,'Tenant {tenants // 2 // 10}')")),
            "startswith, all": (admin, filtered("startswith(name,'Tenant')")),
            "a range of times": (admin, filtered("created_at ge '2023-11-14T22:13:20.00005Z'")),
            "filtered, of a distributor": (distributor, filtered("region eq 'AUT'")),
            "contains, many": (admin, filtered("contains(name,'9')")),
            "contains, few": (admin, filtered(f"contains(name,'{tenants // 2 - 1}')")),
            "contains, short and none": (admin, filtered("contains(name,'zz')")),
            "contains, either": (admin, filtered(f"contains(name,'{tenants // 2 - 1}') or contains(website,'{few}')")),
            "search": (admin, f"/tenants?top=20&search={quote(f'tenant {tenants // 2 - 1}')}"),
            "show a holiday": (inside, f"/holidays/{holiday}"),
            "first page of holidays": (inside, "/holidays?top=20"),
            "holidays, startswith": (inside, filtered("startswith(name,'Holiday 99')", path="/holidays")),
        }
        times = {}
        for name, (session, path) in requests.items():
            # Warms up: preparing statements is not measured.
            session.median(path, 6)
            times[name] = (session.median(path, rounds), session.median(path, max(rounds // 10, 5), touch))
        server.end()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", nargs="?", choices=["sqlite", "postgres"])
    parser.add_argument("--tenants", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    program = os.environ.get("PROGRAM") or built()
    for name in [arguments.engine] if arguments.engine else ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory() as directory:
            engine = {"sqlite": Sqlite, "postgres": Postgres}[name](Path(directory))
            try:
                small = measure(program, engine, 100, arguments.rounds)
                large = measure(program, engine, arguments.tenants, arguments.rounds)
            finally:
                engine.end()
        print(f"{name + ', median ms':<30}{'100':>8}{arguments.tenants:>8}{'ratio':>7}{'first':>8}{'first':>8}{'ratio':>7}")
        for request, before in small.items():
            columns = (f"{one:>8.2f}{other:>8.2f}{other / one:>7.1f}" for one, other in zip(before, large[request]))
            print(f"{request:<30}{''.join(columns)}", flush=True)


def built():
    root = Path(__file__).resolve().parents[2]
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "pbx-server"], cwd=root, check=True)
    return str(Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "pbx-server")


main()
