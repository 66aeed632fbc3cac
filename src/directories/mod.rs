//! Directories, each with two halves: provisioning (SCIM and its tokens) and sign-in (OpenID).
