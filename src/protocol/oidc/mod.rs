//! OpenID Connect without a network: strict claims, assurance.
