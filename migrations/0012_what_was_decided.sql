-- What a person held, or was to hold, when an administrator let a directory take them over: whatever came since was not
-- decided about. NULL: nobody has accepted, or before this was written down; then it is asked anew.
ALTER TABLE adoptions ADD COLUMN holds jsonb;
-- Where a role came from that was given and not mapped (grants.source), so that it comes back as what it was.
ALTER TABLE parked_roles ADD COLUMN source text;
