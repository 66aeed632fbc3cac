"""Canaille with people of its own and Muster as an application that it asks them to consent to, twice: "muster", which gets
RS256, and "muster-as-made", for which nobody set an algorithm. server.py PORT REDIRECT_URI...; prints "ready" when it listens."""

import sys

from canaille import create_app
from canaille.app import models
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

port, redirect_uris = int(sys.argv[1]), sys.argv[2:]
app = create_app(config={
    "SECRET_KEY": "canaille-interop",
    "SERVER_NAME": f"127.0.0.1:{port}",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "CAPTCHA_ENABLED": False, "LOGGING": None},
    "CANAILLE_OIDC": {"ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]},
})

with app.app_context(), app.backend.session():
    for name, given, family in [("adele", "Adele", "Vance"), ("boris", "Boris", "Ek"), ("erika", "Erika", "Unknown")]:
        user = models.User(user_name=name, given_name=given, family_name=family, formatted_name=f"{given} {family}",
                           emails=[f"{name}@contoso.example"], password=f"{name}-canaille-password")
        app.backend.save(user)
    for client, more in [("muster", {"id_token_signed_response_alg": "RS256"}), ("muster-as-made", {})]:
        made = models.Client(
            client_id=client, client_secret="canaille-interop-secret", client_name=client, redirect_uris=redirect_uris,
            grant_types=["authorization_code"], response_types=["code"], scope=["openid", "profile", "email"],
            token_endpoint_auth_method="client_secret_basic", client_uri="https://muster.example", **more,
        )
        app.backend.save(made)
        # As its own page for new applications does it.
        made.audience = [made]
        app.backend.save(made)

server = make_server("127.0.0.1", port, app)
print("ready", flush=True)
server.serve_forever()
