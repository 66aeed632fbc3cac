-- A tenant's default role: what its own people have there whom no mapped group gives anything. One row a tenant, kept when
-- nothing is given any more (role_id NULL), so that version goes on counting. id stands among those of mappings: whoever
-- set it answers for it as for a mapping, and granted, adopted_by, adopted_at and suspended_at are what they are there.
CREATE TABLE default_roles (
  tenant_id uuid NOT NULL PRIMARY KEY REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  role_id uuid,
  created_by text NOT NULL,
  created_by_tenant uuid,
  created_by_user uuid,
  granted jsonb,
  adopted_by text,
  adopted_at bigint,
  suspended_at bigint,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CHECK (role_id IS NOT NULL OR created_by_user IS NULL)
);
CREATE UNIQUE INDEX default_roles_id ON default_roles(id);
CREATE INDEX default_roles_role ON default_roles(role_id) WHERE role_id IS NOT NULL;
CREATE INDEX default_roles_author ON default_roles(created_by_tenant, created_by_user) WHERE created_by_user IS NOT NULL;

-- A review tells of it: another word for via. SQLite changes no CHECK of a table that is there, so the table is made anew;
-- row-level security is off meanwhile, as it would hide the rows that are copied.
-- postgres:
ALTER TABLE review_items DISABLE ROW LEVEL SECURITY;
-- end

CREATE TABLE review_items_default (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  review_id uuid NOT NULL,
  home uuid NOT NULL,
  user_id uuid NOT NULL,
  user_label text NOT NULL,
  user_kind text NOT NULL,
  user_live boolean NOT NULL,
  role_id uuid NOT NULL,
  role_name text NOT NULL,
  scope text COLLATE "C" NOT NULL,
  scope_tenant uuid,
  via text NOT NULL CHECK (via IN ('grant', 'mapping', 'parked', 'default')),
  via_id uuid NOT NULL,
  source text NOT NULL,
  group_name text,
  directory_name text,
  reason text,
  given_by text NOT NULL,
  since bigint NOT NULL,
  until bigint,
  void text,
  last_use bigint,
  reviewer_tenant uuid,
  reviewer_user uuid,
  reviewer_name text,
  decision text CHECK (decision IN ('keep', 'remove', 'shorten')),
  shorten_to bigint,
  note text,
  decided_by text,
  decided_by_tenant uuid,
  decided_by_user uuid,
  decided_at bigint,
  outcome text CHECK (outcome IN ('kept', 'undecided', 'removed', 'shortened', 'listed', 'held', 'gone', 'refused')),
  outcome_text text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, review_id) REFERENCES reviews(tenant_id, id) ON DELETE CASCADE,
  CHECK ((decision IS NULL) = (decided_at IS NULL)),
  CHECK (shorten_to IS NULL OR decision = 'shorten')
);
INSERT INTO review_items_default (tenant_id, id, review_id, home, user_id, user_label, user_kind, user_live, role_id,
                                  role_name, scope, scope_tenant, via, via_id, source, group_name, directory_name, reason,
                                  given_by, since, until, void, last_use, reviewer_tenant, reviewer_user, reviewer_name,
                                  decision, shorten_to, note, decided_by, decided_by_tenant, decided_by_user, decided_at,
                                  outcome, outcome_text)
SELECT tenant_id, id, review_id, home, user_id, user_label, user_kind, user_live, role_id, role_name, scope, scope_tenant,
       via, via_id, source, group_name, directory_name, reason, given_by, since, until, void, last_use, reviewer_tenant,
       reviewer_user, reviewer_name, decision, shorten_to, note, decided_by, decided_by_tenant, decided_by_user,
       decided_at, outcome, outcome_text
FROM review_items;
DROP TABLE review_items;
ALTER TABLE review_items_default RENAME TO review_items;
CREATE INDEX review_items_review ON review_items(tenant_id, review_id, id);

-- postgres:
ALTER TABLE review_items RENAME CONSTRAINT review_items_default_pkey TO review_items_pkey;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['default_roles', 'review_items'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
