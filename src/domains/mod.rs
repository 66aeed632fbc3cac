//! E-mail domains and the tenants they belong to: where somebody who types an address is sent to sign in. Until a
//! domain is proved by DNS, a Global Administrator confirms it.
