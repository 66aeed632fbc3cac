//! The admin REST API; errors are RFC 9457.
