"""OAuth 2.0 client credentials by authlib and requests-oauthlib: a token, a call with it, and the wrong secret."""

import os

from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from telling import Told

BASE = os.environ["AIEXPORT_BASE_URL"]
TOKEN, ID, SECRET = f"{BASE}/oauth/token", "demo-enterprise", "demo-secret"
told = Told()


def shown(token, models):
    return {"type": token["token_type"], "expires_in": token["expires_in"], "models": len(models.json()["data"])}


def by_authlib(kind, how):
    with kind(ID, SECRET, token_endpoint_auth_method=how) as session:
        token = session.fetch_token(TOKEN, grant_type="client_credentials")
        return shown(token, session.get(f"{BASE}/models"))


def by_authlib_again():
    """A token that it takes for outdated is fetched anew before the call."""
    with OAuth2Client(ID, SECRET, token_endpoint=TOKEN, grant_type="client_credentials") as session:
        first = session.fetch_token(TOKEN, grant_type="client_credentials")["access_token"]
        session.token["expires_at"] = 1
        models = session.get(f"{BASE}/models")
        return {"status": models.status_code, "another": session.token["access_token"] != first}


def by_requests_oauthlib(**how):
    session = OAuth2Session(client=BackendApplicationClient(client_id=ID))
    token = session.fetch_token(TOKEN, **how)
    return shown(token, session.get(f"{BASE}/models"))


told("authlib, basic", lambda: by_authlib(OAuth2Client, "client_secret_basic"))
told("authlib, post", lambda: by_authlib(AuthlibSession, "client_secret_post"))
told("authlib, outdated", by_authlib_again)
told("requests-oauthlib, basic", lambda: by_requests_oauthlib(auth=HTTPBasicAuth(ID, SECRET)))
told("requests-oauthlib, post", lambda: by_requests_oauthlib(client_secret=SECRET, include_client_id=True))
told("authlib, wrong", lambda: OAuth2Client(ID, "wrong").fetch_token(TOKEN, grant_type="client_credentials"))
told("requests-oauthlib, wrong", lambda: by_requests_oauthlib(auth=HTTPBasicAuth(ID, "wrong")))
told.end()
