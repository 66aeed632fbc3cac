//! Local credentials: passwords and one-time codes, throttled.
