#!/usr/bin/env python3
"""How much longer answers take with 100,000 tenants and 1,000,000 holidays than with 100 tenants.

usage: PROGRAM=target/release/pbx-server tests/bench/scale.py [TENANTS]

Each of the two servers starts on an empty database, which is then filled by SQL: ten holidays for each tenant. With
DATABASE=postgres://USER@HOST/EMPTY and DATABASE_SMALL=postgres://USER@HOST/OTHER_EMPTY (and psql) they are on PostgreSQL.
The figures are medians of 200 requests over one connection.
"""

import http.client
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PASSWORD = "Scale-benchm4rk"
ROUNDS = 200
FIRST_TENANT = 100_000_000_000_000_000
HOLIDAYS = 10

# {n} is the number of tenants, {yes} and {no} are truth values.
FILL = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {n})
INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                     max_concurrent_calls, created_at)
SELECT {first} + i, 'Tenant ' || i, 't' || i || '.example.com', 't' || i || '.example.com', 'Europe/Berlin', 'EUR',
       CASE WHEN i % 50 = 0 THEN 'AUT' ELSE 'DEU' END, {yes}, 1000, 20, 1700000000000000 + i
FROM numbers;
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {holidays})
INSERT INTO holidays (tenant_id, id, name, region, consecutive, every_year, month_start, month_end, day_start, day_end,
                      hour_start, hour_end, minute_start, minute_end)
SELECT tenants.id, tenants.id * 10 - {first} * 10 + numbers.i + {first}, 'Holiday ' || numbers.i, 'DEU', {no}, {yes},
       12, 12, 24, 24, 0, 23, 0, 59
FROM tenants CROSS JOIN numbers;
"""


class Server:
    """A running server, signed in to."""

    def __init__(self, database, folder):
        command = [os.environ["PROGRAM"], "serve", "--listen", "127.0.0.1:0", "--database", database, "--key-file",
                   str(folder / "key"), "--rate-limit", "0", "--sip", "off", "--log", "warn"]
        environment = {**os.environ, "PBX_ADMIN_PASSWORD": PASSWORD}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit("the server did not start")
        self.connection = http.client.HTTPConnection(line.split("//")[1].split("/")[0])
        self.token = None
        body = {"username": "admin", "password": PASSWORD}
        self.token = json.loads(self.call("POST", "/auth/sign_in", body))["access_token"]

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, "/api" + path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return text

    def median(self, path):
        """In milliseconds."""
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            self.call("GET", path)
            times.append((time.perf_counter() - start) * 1000)
        return statistics.median(times)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def fill(database, tenants):
    postgres = database.startswith("postgres")
    yes, no = ("true", "false") if postgres else ("1", "0")
    statements = FILL.format(n=tenants, first=FIRST_TENANT, holidays=HOLIDAYS, yes=yes, no=no)
    if postgres:
        command = ["psql", "-v", "ON_ERROR_STOP=1", "-q", "-c", statements, "-c", "ANALYZE", database]
        subprocess.run(command, check=True)
    else:
        connection = sqlite3.connect(database)
        connection.executescript("BEGIN;" + statements + "COMMIT;")
        connection.close()


def measure(database, tenants):
    """The medians by what was asked."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        database = database or str(folder / "pbx.db")
        Server(database, folder).end()
        fill(database, tenants)
        server = Server(database, folder)
        middle = FIRST_TENANT + tenants // 2
        times = {
            "show a tenant": server.median(f"/tenants/{middle}"),
            "first page of tenants": server.median("/tenants?top=20"),
            "first page by name": server.median("/tenants?top=20&orderby=name"),
            "filtered page, few match": server.median(f"/tenants?top=20&filter=domain%20eq%20't{tenants // 2}.example.com'"),
            "filtered page, one in 50": server.median("/tenants?top=20&filter=region%20eq%20'AUT'"),
            "filtered page, contains": server.median("/tenants?top=20&filter=contains(name,'99')"),
            "search": server.median("/tenants?top=20&search=tenant%201"),
        }
        server.call("POST", f"/tenants/switch?id={middle}")
        first = json.loads(server.call("GET", "/holidays?top=1"))["items"][0]["id"]
        times["show a holiday"] = server.median(f"/holidays/{first}")
        times["first page of holidays"] = server.median("/holidays?top=5")
        times["filtered page of holidays"] = server.median("/holidays?top=5&filter=startswith(name,'Holiday')")
        server.end()
    return times


def main():
    tenants = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    small = measure(os.environ.get("DATABASE_SMALL"), 100)
    large = measure(os.environ.get("DATABASE"), tenants)
    print(f"{'median, ms':<28}{'100 tenants':>14}{f'{tenants} tenants':>18}{'ratio':>8}")
    for name, before in small.items():
        print(f"{name:<28}{before:>14.2f}{large[name]:>18.2f}{large[name] / before:>8.1f}")


main()
