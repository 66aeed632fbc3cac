//! What a sign-in or an authorization has in flight: flow rows, upstream states, authorization codes. All
//! single use is one statement.
