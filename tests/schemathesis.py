"""Who calls when tests/schemathesis.sh runs: each kind of caller is one function below that makes it and says how it signs in.

A run may do anything that its caller may, so that some care is needed for it to stay signed in:

- whoever blocks an address blocks it for everybody but us: there is an ACCEPT rule for this one, which stays;
- an operation that ends the session is called with a session of its own;
- whoever takes another name is remembered by it.
"""

import json
import os
import urllib.error
import urllib.request

import schemathesis

URL = os.environ["PBX_URL"]
PASSWORD = "Corr3ct-Horse"
ADMINISTRATOR = {"username": "admin", "password": PASSWORD}
DEALER = {"username": "distributor", "password": PASSWORD}
USER = {"username": "boss", "password": PASSWORD, "domain": "tenant.example.com"}

# Who and what must stay for the caller to stay signed in, by the first part of their paths.
OWN = {}

# Operations after which the session is over.
ENDING = {"/auth/sign_out", "/login/oauth/revoke"}

# Operations after which somebody has another name.
RENAMING = {"/admin/username": ADMINISTRATOR, "/dealer/username": DEALER}


def call(path, body=None, token=None):
    """Calls an operation that must succeed; what it answers."""
    request = urllib.request.Request(
        URL + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from error


def sign_in(who):
    return call("/auth/sign_in", who)["access_token"]


def administrator(_token):
    """The system administrator of a fresh install."""
    return lambda: sign_in(ADMINISTRATOR)


def dealer(token):
    """A dealer of the first level."""
    body = {"name": DEALER["username"], "password": PASSWORD, "level": "DISTRIBUTOR", "enabled": True}
    call("/dealers", body | {"email": "dealer@example.com", "display_name": "Distributor"}, token)
    return lambda: sign_in(DEALER)


def tenant(token):
    """The system administrator, switched into a tenant."""
    body = {"name": "Tenant", "domain": USER["domain"], "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU"}
    made = call("/tenants", body | {"enabled": True}, token)

    def switched():
        token = sign_in(ADMINISTRATOR)
        call(f"/tenants/switch?id={made['id']}", {}, token)
        return token

    return switched


def user(token):
    """A tenant's own administrator."""
    body = {"name": USER["username"], "display_name": "Boss", "email": "boss@example.com", "password": PASSWORD, "role": "Admin"}
    body |= {"extension_number": "1000", "extension_password": PASSWORD}
    OWN["users"] = call("/users", body, tenant(token)())["id"]
    return lambda: sign_in(USER)


# What each makes with an administrator's token, and how to get sessions of it.
CALLERS = {"administrator": administrator, "dealer": dealer, "tenant": tenant, "user": user}


def prepare():
    token = sign_in(ADMINISTRATOR)
    OWN["ip_filters"] = call("/ip_filters", {"cidr": "127.0.0.1", "target": "ACCEPT"}, token)["id"]
    kind = os.environ["PBX_CALLER"]
    if kind not in CALLERS:
        raise SystemExit(f"there is no caller {kind!r}, only {', '.join(CALLERS)}")
    return CALLERS[kind](token)


new_session = prepare()


@schemathesis.hook
def before_load_schema(_context, raw_schema):
    """Objects have the members that the contract names and no others: the server refuses what it does not know, and so do we.

    The contract does not say so, because clients must read what a later release adds."""

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
    """A session for the calls that leave it alone."""

    def get(self, _case, _context):
        return new_session()

    def set(self, case, data, _context):
        token = new_session() if case.operation.path in ENDING else data
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(_context, case, _kwargs):
    # Ids are taken from lists as well, so that it could be the rule that lets us in, or ourselves.
    own = OWN.get(case.operation.path.split("/")[1])
    if own is not None and case.path_parameters and case.path_parameters.get("id") == own:
        case.path_parameters["id"] = "1"


@schemathesis.hook
def after_call(_context, case, response):
    who = RENAMING.get(case.operation.path)
    if who is not None and response.status_code == 200:
        who["username"] = case.body["name"]
