//! SCIM without a server: schema, filter, path, patch (documents in, changes out).
