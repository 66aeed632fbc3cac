-- Whoever answers for a mapping is asked about by the mapping's id alone, in whatever tenant it is.
CREATE INDEX mappings_id ON mappings(id);

-- The sign-ins through a directory, newest first, however many others there were since; and its last failure, however many
-- successes.
CREATE INDEX signins_through ON signins(tenant_id, directory_id, at, id) WHERE directory_id IS NOT NULL;
CREATE INDEX signins_bad ON signins(tenant_id, directory_id, at, id) WHERE directory_id IS NOT NULL AND outcome <> 'success';
DROP INDEX signins_directory;

-- postgres:
-- Not in order: lists of mappings are read in the order of their ids, and would be looked for along all that there are.
DROP INDEX mappings_id;
CREATE INDEX mappings_id ON mappings USING hash (id);
