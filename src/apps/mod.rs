//! Applications (OpenID clients of ours) and integration users' credentials; secrets with overlap and last use.
