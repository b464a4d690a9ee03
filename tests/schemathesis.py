"""The callers of tests/schemathesis.sh: each function below creates one and returns a function that signs it in.

A run may do anything that its caller may. To keep it signed in:

- an ACCEPT rule exempts this address from deny rules, and is never deleted;
- operations that end the session get a separate session;
- username changes are recorded.
"""

import json
import os
import pathlib
import urllib.error
import urllib.request

import schemathesis

URL = os.environ["PBX_URL"]
PASSWORD = "Corr3ct-Horse"
ADMINISTRATOR = {"username": "admin", "password": PASSWORD}
DEALER = {"username": "distributor", "password": PASSWORD}
USER = {"username": "boss", "password": PASSWORD, "domain": "tenant.example.com"}

# IDs of the objects that keep the caller signed in, by the first segment of their paths.
OWN = {}

# Operations that end the session.
ENDING = {"/auth/sign_out", "/login/oauth/revoke", "/logout"}

# Operations that change a username.
RENAMING = {"/admin/username": ADMINISTRATOR, "/dealer/username": DEALER}


def call(path, body=None, token=None):
    """Calls an operation that must succeed; returns the response body."""
    request = urllib.request.Request(
        URL + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    try:
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from error


def sign_in(credentials):
    return call("/auth/sign_in", credentials)["access_token"]


def administrator(_token):
    """The system administrator of a fresh install."""
    return lambda: sign_in(ADMINISTRATOR)


def dealer(token):
    """A distributor."""
    body = {"name": DEALER["username"], "password": PASSWORD, "level": "DISTRIBUTOR", "enabled": True}
    call("/dealers", body | {"email": "dealer@example.com", "display_name": "Distributor"}, token)
    return lambda: sign_in(DEALER)


def tenant(token):
    """The system administrator, switched into a tenant."""
    body = {"name": "Tenant", "domain": USER["domain"], "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU"}
    created = call("/tenants", body | {"enabled": True}, token)

    def switched():
        token = sign_in(ADMINISTRATOR)
        call(f"/tenants/switch?id={created['id']}", {}, token)
        return token

    return switched


def user(token):
    """A tenant's own administrator."""
    body = {"name": USER["username"], "display_name": "Boss", "email": "boss@example.com", "password": PASSWORD, "role": "Admin"}
    body |= {"extension_number": "1000", "extension_password": PASSWORD}
    OWN["users"] = call("/users", body, tenant(token)())["id"]
    return lambda: sign_in(USER)


# Each takes a token of the administrator, and returns a function that returns tokens of the caller.
CALLERS = {"administrator": administrator, "dealer": dealer, "tenant": tenant, "user": user}


def prepare():
    token = sign_in(ADMINISTRATOR)
    OWN["ip_filters"] = call("/ip_filters", {"cidr": "127.0.0.1", "target": "ACCEPT"}, token)["id"]
    caller = os.environ["PBX_CALLER"]
    if caller not in CALLERS:
        raise SystemExit(f"there is no caller {caller!r}, only {', '.join(CALLERS)}")
    return CALLERS[caller](token)


new_session = prepare()


def not_implemented():
    """Method and path of the operations that answer 501: those of resources that are not mounted, and those in the list."""
    root = pathlib.Path(__file__).parent.parent
    mounts = (root / "crates/pbx-server/src/http/mod.rs").read_text()
    lines = (root / "specs/not-implemented.txt").read_text().splitlines()
    listed = {tuple(line.split("#")[0].split()) for line in lines}
    operations = (line.split() for line in (root / "specs/generated/operations.txt").read_text().splitlines())
    return {
        (method, path)
        for method, path, _, resource in operations
        if (method, path) in listed or f"pbx_api::{resource}::router()" not in mounts
    }


@schemathesis.hook
def before_load_schema(_context, raw_schema):
    """Removes operations that are not implemented, and forbids additional properties in all objects: the server rejects unknown
    properties and never returns any.

    The contract allows them, because clients must read what a later release adds."""

    for method, path in not_implemented():
        raw_schema["paths"][path].pop(method.lower())

    def close(schema):
        if isinstance(schema, list):
            for item in schema:
                close(item)
        elif isinstance(schema, dict):
            for item in schema.values():
                close(item)
            if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
                schema.setdefault("additionalProperties", False)

    close(raw_schema)


@schemathesis.auth(refresh_interval=600)
class Session:
    """A session shared by all requests that do not end it."""

    def get(self, _case, _context):
        return new_session()

    def set(self, case, data, _context):
        token = new_session() if case.operation.path in ENDING else data
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(_context, case, _kwargs):
    # Schemathesis also takes IDs from lists, which contain the ACCEPT rule and the caller itself.
    own = OWN.get(case.operation.path.split("/")[1])
    if own is not None and case.path_parameters and case.path_parameters.get("id") == own:
        case.path_parameters["id"] = "1"


@schemathesis.hook
def after_call(_context, case, response):
    credentials = RENAMING.get(case.operation.path)
    if credentials is not None and response.status_code == 200:
        credentials["username"] = case.body["name"]
