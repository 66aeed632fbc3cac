//! Upstream OpenID providers: start, callback, linking.
