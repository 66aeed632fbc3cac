-- What the catalogues of permissions and built-in roles that served here had: nothing can refer to what was in none of them,
-- so that a start looks through what is in use only where its catalogue lacks one of these.
CREATE TABLE catalogue_names (
  name TEXT NOT NULL PRIMARY KEY
);
