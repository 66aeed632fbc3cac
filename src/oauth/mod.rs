//! Our issuer: authorize (a table of checks), grants, introspection, revocation, userinfo, discovery.
