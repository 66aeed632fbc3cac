//! Sessions, refresh families, and the revoke path: `revoke` is the only way anything ends.
