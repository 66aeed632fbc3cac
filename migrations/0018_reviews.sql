-- Access reviews. A plan begins a review every so many days; a review (a campaign) is what its reviewers decide about until
-- it is closed, and its items are who had what when it began. tenant_id is the tenant in which access is reviewed.
CREATE TABLE review_plans (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  name text NOT NULL,
  filter jsonb NOT NULL,
  reviewers jsonb NOT NULL,
  undecided text NOT NULL CHECK (undecided IN ('keep', 'remove')),
  every_days bigint NOT NULL CHECK (every_days > 0),
  decide_seconds bigint NOT NULL CHECK (decide_seconds > 0),
  next_at bigint NOT NULL,
  created_by text NOT NULL,
  created_by_tenant uuid,
  created_by_user uuid,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX review_plans_next ON review_plans(next_at);

-- manifest: SHA-256 of the closed review's document, csv_manifest of its table; written when it is closed, after which
-- nothing of it changes.
CREATE TABLE reviews (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  plan_id uuid,
  name text NOT NULL,
  filter jsonb NOT NULL,
  reviewers jsonb NOT NULL,
  undecided text NOT NULL CHECK (undecided IN ('keep', 'remove')),
  due_at bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'closing', 'closed')),
  created_by text NOT NULL,
  created_by_tenant uuid,
  created_by_user uuid,
  created_at bigint NOT NULL,
  closing_at bigint,
  closed_at bigint,
  closed_by text,
  manifest text,
  csv_manifest text,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'closed') = (manifest IS NOT NULL))
);
CREATE INDEX reviews_due ON reviews(due_at) WHERE state <> 'closed';

-- via_id: of the grant, the mapping or the parked change. outcome: what became of it when the review was closed.
CREATE TABLE review_items (
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
  via text NOT NULL CHECK (via IN ('grant', 'mapping', 'parked')),
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
CREATE INDEX review_items_review ON review_items(tenant_id, review_id, id);

-- When somebody last signed in is asked about many at once.
CREATE INDEX signins_user ON signins(tenant_id, user_id, at) WHERE user_id IS NOT NULL;

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['review_plans', 'reviews', 'review_items'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
