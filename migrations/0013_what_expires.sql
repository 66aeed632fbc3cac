-- Sessions that are over by themselves are looked for every few minutes, among those that nobody ended. (Whatever asks for
-- "ended_at IS NULL" asks by a key as well, and must not take these for the fewest: so they go by what is set with it.)
CREATE INDEX sessions_open_end ON sessions(expires_at) WHERE ended_why IS NULL;
CREATE INDEX sessions_open_seen ON sessions(last_seen_at) WHERE ended_why IS NULL;
-- Records of sign-ins are kept for a time.
CREATE INDEX signins_age ON signins(at);
