SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.sanxian_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.about (
    key character varying(40) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.attachment (
    sha256 character varying(71) NOT NULL,
    size bigint NOT NULL,
    media_type character varying(100) NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE TABLE public.audit (
    seq bigint NOT NULL,
    at character varying(27) NOT NULL,
    actor character varying(100) NOT NULL,
    action character varying(60) NOT NULL,
    subject character varying(200) NOT NULL,
    detail text NOT NULL,
    previous character varying(64) NOT NULL,
    hash character varying(64) NOT NULL
);
CREATE TABLE public.decision (
    id bigint NOT NULL,
    project bigint NOT NULL,
    screening bigint NOT NULL,
    clause character varying(200) NOT NULL,
    place character varying(200) NOT NULL,
    outcome integer NOT NULL,
    machine_outcome integer NOT NULL,
    reason text NOT NULL,
    withdraws bigint,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE SEQUENCE public.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.decision_id_seq OWNED BY public.decision.id;
CREATE TABLE public.edition (
    digest character varying(71) NOT NULL,
    id character varying(200) NOT NULL,
    title character varying(400) NOT NULL,
    region character varying(12) NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    published date,
    publisher character varying(400) NOT NULL,
    supersedes character varying(400) NOT NULL,
    synthetic boolean NOT NULL,
    file character varying(400) NOT NULL,
    added_at character varying(27) NOT NULL,
    added_by character varying(100) NOT NULL,
    withdrawn_at character varying(27)
);
CREATE TABLE public.idempotency (
    person bigint NOT NULL,
    key character varying(200) NOT NULL,
    request character varying(71) NOT NULL,
    status integer NOT NULL,
    headers text NOT NULL,
    body bytea NOT NULL,
    at character varying(27) NOT NULL
);
CREATE TABLE public.intake (
    id bigint NOT NULL,
    file character varying(400) NOT NULL,
    sha256 character varying(71) NOT NULL,
    mapping text NOT NULL,
    state character varying(20) NOT NULL,
    rows integer NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE SEQUENCE public.intake_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.intake_id_seq OWNED BY public.intake.id;
CREATE TABLE public.intake_row (
    intake bigint NOT NULL,
    number integer NOT NULL,
    state character varying(20) NOT NULL,
    project bigint,
    cells text NOT NULL,
    notes text NOT NULL
);
CREATE TABLE public.job (
    id character varying(32) NOT NULL,
    kind character varying(40) NOT NULL,
    state character varying(20) NOT NULL,
    ask text NOT NULL,
    done integer NOT NULL,
    total integer,
    result text NOT NULL,
    error text NOT NULL,
    cancel boolean NOT NULL,
    person bigint,
    created_at character varying(27) NOT NULL,
    started_at character varying(27),
    seen_at character varying(27),
    finished_at character varying(27)
);
CREATE TABLE public.job_row (
    job character varying(32) NOT NULL,
    number integer NOT NULL,
    body bytea NOT NULL
);
CREATE TABLE public.person (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    title character varying(200) NOT NULL,
    email character varying(200) NOT NULL,
    password text NOT NULL,
    role character varying(20) NOT NULL,
    region character varying(12) NOT NULL,
    active boolean NOT NULL,
    must_change boolean NOT NULL,
    issuer character varying(400) NOT NULL,
    subject character varying(200) NOT NULL,
    created_at character varying(27) NOT NULL,
    created_by character varying(100) NOT NULL,
    version integer NOT NULL
);
CREATE SEQUENCE public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.person_id_seq OWNED BY public.person.id;
CREATE TABLE public.project (
    id bigint NOT NULL,
    version integer NOT NULL,
    code character varying(100) NOT NULL,
    name character varying(400) NOT NULL,
    proponent character varying(400) NOT NULL,
    nature character varying(40) NOT NULL,
    industry character varying(8) NOT NULL,
    eia_class character varying(20) NOT NULL,
    authority character varying(200) NOT NULL,
    authority_level character varying(20) NOT NULL,
    region character varying(12) NOT NULL,
    accepted_on date,
    decided_on date,
    status character varying(20) NOT NULL,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    analysis character varying(20) NOT NULL,
    screening bigint,
    verdict integer,
    owner bigint,
    source character varying(200) NOT NULL,
    created_at character varying(27) NOT NULL,
    created_by character varying(100) NOT NULL,
    updated_at character varying(27) NOT NULL
);
CREATE TABLE public.project_attachment (
    project bigint NOT NULL,
    sha256 character varying(71) NOT NULL,
    name character varying(400) NOT NULL,
    purpose character varying(40) NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE TABLE public.project_fact (
    project bigint NOT NULL,
    key character varying(100) NOT NULL,
    value text NOT NULL
);
CREATE SEQUENCE public.project_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.project_id_seq OWNED BY public.project.id;
CREATE TABLE public.project_part (
    project bigint NOT NULL,
    number integer NOT NULL,
    role character varying(100) NOT NULL,
    name character varying(400) NOT NULL,
    geometry bytea NOT NULL,
    area_m2 double precision NOT NULL,
    length_m double precision NOT NULL,
    west double precision NOT NULL,
    south double precision NOT NULL,
    east double precision NOT NULL,
    north double precision NOT NULL
);
CREATE TABLE public.project_version (
    project bigint NOT NULL,
    version integer NOT NULL,
    document text NOT NULL,
    sha256 character varying(71) NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL,
    reason text NOT NULL
);
CREATE TABLE public.recheck (
    id bigint NOT NULL,
    old character varying(71) NOT NULL,
    new character varying(71) NOT NULL,
    as_of_old date NOT NULL,
    as_of date NOT NULL,
    state character varying(20) NOT NULL,
    projects integer NOT NULL,
    reached integer NOT NULL,
    changed integer NOT NULL,
    after bigint NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE TABLE public.recheck_change (
    recheck bigint NOT NULL,
    project bigint NOT NULL,
    grade character varying(20) NOT NULL,
    old_verdict integer,
    new_verdict integer,
    change text NOT NULL,
    seen_at character varying(27),
    seen_by character varying(100) NOT NULL
);
CREATE SEQUENCE public.recheck_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.recheck_id_seq OWNED BY public.recheck.id;
CREATE TABLE public.screening (
    id bigint NOT NULL,
    project bigint NOT NULL,
    version integer NOT NULL,
    edition character varying(71) NOT NULL,
    as_of date NOT NULL,
    engine character varying(40) NOT NULL,
    count_drafts boolean NOT NULL,
    verdict integer,
    error character varying(100) NOT NULL,
    counts text NOT NULL,
    record_sha256 character varying(71) NOT NULL,
    record bytea,
    cause character varying(20) NOT NULL,
    at character varying(27) NOT NULL,
    by character varying(100) NOT NULL
);
CREATE SEQUENCE public.screening_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.screening_id_seq OWNED BY public.screening.id;
CREATE TABLE public.session (
    secret character varying(71) NOT NULL,
    person bigint NOT NULL,
    csrf character varying(64) NOT NULL,
    created_at character varying(27) NOT NULL,
    seen_at character varying(27) NOT NULL,
    expires_at character varying(27) NOT NULL,
    address character varying(64) NOT NULL,
    agent character varying(200) NOT NULL
);
CREATE TABLE public.share (
    secret character varying(71) NOT NULL,
    screening bigint NOT NULL,
    created_at character varying(27) NOT NULL,
    expires_at character varying(27),
    by character varying(100) NOT NULL
);
CREATE TABLE public.tally (
    month character varying(7) NOT NULL,
    region character varying(12) NOT NULL,
    authority character varying(200) NOT NULL,
    eia_class character varying(20) NOT NULL,
    industry character varying(2) NOT NULL,
    status character varying(20) NOT NULL,
    analysis character varying(20) NOT NULL,
    verdict integer NOT NULL,
    projects integer NOT NULL
);
CREATE TABLE public.token (
    id bigint NOT NULL,
    person bigint NOT NULL,
    name character varying(100) NOT NULL,
    secret character varying(71) NOT NULL,
    scopes text NOT NULL,
    created_at character varying(27) NOT NULL,
    expires_at character varying(27),
    used_at character varying(27),
    revoked_at character varying(27)
);
CREATE SEQUENCE public.token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.token_id_seq OWNED BY public.token.id;
ALTER TABLE ONLY public.decision ALTER COLUMN id SET DEFAULT nextval('public.decision_id_seq'::regclass);
ALTER TABLE ONLY public.intake ALTER COLUMN id SET DEFAULT nextval('public.intake_id_seq'::regclass);
ALTER TABLE ONLY public.person ALTER COLUMN id SET DEFAULT nextval('public.person_id_seq'::regclass);
ALTER TABLE ONLY public.project ALTER COLUMN id SET DEFAULT nextval('public.project_id_seq'::regclass);
ALTER TABLE ONLY public.recheck ALTER COLUMN id SET DEFAULT nextval('public.recheck_id_seq'::regclass);
ALTER TABLE ONLY public.screening ALTER COLUMN id SET DEFAULT nextval('public.screening_id_seq'::regclass);
ALTER TABLE ONLY public.token ALTER COLUMN id SET DEFAULT nextval('public.token_id_seq'::regclass);
INSERT INTO public.about VALUES ('registry', '0123456789abcdef0123456789abcdef');
INSERT INTO public.about VALUES ('created_at', '2026-03-01T08:00:00.000000Z');
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.audit VALUES (1, '2026-03-01T08:00:00.000000Z', '测试', 'project.add', 'project:1', '{"seq":1}', '3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9', '7e9940729d836faf06941faed1a9a49784d793a746d00a9a74d5dc1420dd496a');
INSERT INTO public.audit VALUES (2, '2026-03-01T08:00:00.000000Z', '测试', 'project.add', 'project:2', '{"seq":2}', '7e9940729d836faf06941faed1a9a49784d793a746d00a9a74d5dc1420dd496a', '7c635836026813cf69cfc45e0f9655643c42ebff05216eba7ff7f376b9ee73f7');
INSERT INTO public.audit VALUES (3, '2026-03-01T08:00:00.000000Z', '测试', 'project.add', 'project:3', '{"seq":3}', '7c635836026813cf69cfc45e0f9655643c42ebff05216eba7ff7f376b9ee73f7', 'dd2f9bdedc3a817980035b1b4271d3b1336d49591207e48cf8c4faf24e8c1199');
INSERT INTO public.audit VALUES (4, '2026-03-01T08:00:00.000000Z', '测试', 'screening.add', 'screening:1', '{"seq":4}', 'dd2f9bdedc3a817980035b1b4271d3b1336d49591207e48cf8c4faf24e8c1199', 'feb8bd8776bc0ae48fae35ae6e5659671b749a786aff72eaf86c307157c24db5');
INSERT INTO public.audit VALUES (5, '2026-03-01T08:00:00.000000Z', '测试', 'decision.add', 'decision:1', '{"seq":5}', 'feb8bd8776bc0ae48fae35ae6e5659671b749a786aff72eaf86c307157c24db5', '3bf23802a49df8e8d88294ba0b732f5739eae191ce5f654349eeaab214922679');
INSERT INTO public.decision VALUES (1, 1, 1, '', '', 2, 5, '示例理由', NULL, '2026-03-01T08:00:00.000000Z', '测试');
INSERT INTO public.person VALUES (1, 'shili', '示例人员', '', '', 'consultant', '', true, false, '', '', '2026-03-01T08:00:00.000000Z', '测试', 1);
INSERT INTO public.project VALUES (1, 1, '2602-630102-04-01-000001', '示例化工项目', '示例公司', '新建', '2614', 'form', '示例市生态环境局', 'city', '630102', '2026-02-01', NULL, 'accepted', 101.05, 36.05, 101.052, 36.052, 'analysed', 1, 5, NULL, 'cli', '2026-03-01T08:00:00.000000Z', '测试', '2026-03-01T08:00:00.000000Z');
INSERT INTO public.project VALUES (2, 1, '2602-630102-04-01-000002', '示例（青海）锂盐', '示例公司', '新建', '2614', 'form', '示例市生态环境局', 'city', '630102', '2026-02-03', NULL, 'accepted', 101.05, 36.05, 101.052, 36.052, 'none', NULL, NULL, 1, 'cli', '2026-03-01T08:00:00.000000Z', '测试', '2026-03-01T08:00:00.000000Z');
INSERT INTO public.project VALUES (3, 1, '2602-630102-04-01-000003', '无日期项目', '示例公司', '新建', '2614', 'form', '示例市生态环境局', 'city', '630102', NULL, NULL, 'accepted', NULL, NULL, NULL, NULL, 'unplaced', NULL, NULL, NULL, 'cli', '2026-03-01T08:00:00.000000Z', '测试', '2026-03-01T08:00:00.000000Z');
INSERT INTO public.project_fact VALUES (1, 'boiler_tph', '20.0');
INSERT INTO public.project_fact VALUES (2, 'boiler_tph', '20.0');
INSERT INTO public.project_fact VALUES (3, 'boiler_tph', '20.0');
INSERT INTO public.project_part VALUES (1, 1, '厂区', '', '\x0103000000010000000500000017d9cef753435940666666666606424017d9cef7534359402db29defa706424033333333334359402db29defa70642403333333333435940666666666606424017d9cef7534359406666666666064240', 40000, 0, 101.05, 36.05, 101.052, 36.052);
INSERT INTO public.project_part VALUES (2, 1, '厂区', '', '\x0103000000010000000500000017d9cef753435940666666666606424017d9cef7534359402db29defa706424033333333334359402db29defa70642403333333333435940666666666606424017d9cef7534359406666666666064240', 40000, 0, 101.05, 36.05, 101.052, 36.052);
INSERT INTO public.project_version VALUES (1, 1, '{"facts":{"boiler_tph":20},"industry":"C2614","name":"示例化工项目","nature":"新建","parts":[{"crs":"EPSG:4490","geojson":{"coordinates":[[[101.05199999999999,36.05],[101.05199999999999,36.052],[101.05,36.052],[101.05,36.05],[101.05199999999999,36.05]]],"type":"Polygon"},"role":"厂区"}],"proponent":"示例公司"}', 'sha256:5278d83d86881d6b9b3899c936792dc0d6bf24243052621d77b6836966c79d4e', '2026-03-01T08:00:00.000000Z', '测试', '');
INSERT INTO public.project_version VALUES (2, 1, '{"facts":{"boiler_tph":20},"industry":"C2614","name":"示例（青海）锂盐","nature":"新建","parts":[{"crs":"EPSG:4490","geojson":{"coordinates":[[[101.05199999999999,36.05],[101.05199999999999,36.052],[101.05,36.052],[101.05,36.05],[101.05199999999999,36.05]]],"type":"Polygon"},"role":"厂区"}],"proponent":"示例公司"}', 'sha256:49b57cc46daf035a0d6b1ac6f1450091abd7b9235841633e34b63f630adb886e', '2026-03-01T08:00:00.000000Z', '测试', '');
INSERT INTO public.project_version VALUES (3, 1, '{"facts":{"boiler_tph":20},"industry":"C2614","name":"无日期项目","nature":"新建","proponent":"示例公司"}', 'sha256:b0d5d452fe20a2fd49b18a0894b27e8a11e037dce301e8d9ff7c66cb9f6b685e', '2026-03-01T08:00:00.000000Z', '测试', '');
INSERT INTO public.screening VALUES (1, 1, 1, 'sha256:abababababababababababababababababababababababababababababababab', '2026-02-01', '0.1.0', false, 5, '', '{}', 'sha256:c47c3a33451a7bb0623d09f6e24c59f4ccf33de485a8d91361edd0cda2e20219', '\x789cab564acbcc4bc9cc4b2f56b28a8ed551ca4d4c4955b2524acb2f52485428492d2e51aa0500d4d50bae', 'first', '2026-03-01T08:00:00.000000Z', '测试');
INSERT INTO public.tally VALUES ('2026-02', '630102', '示例市生态环境局', 'form', '26', 'accepted', 'analysed', 5, 1);
INSERT INTO public.tally VALUES ('2026-02', '630102', '示例市生态环境局', 'form', '26', 'accepted', 'none', -1, 1);
INSERT INTO public.tally VALUES ('', '630102', '示例市生态环境局', 'form', '26', 'accepted', 'unplaced', -1, 1);
SELECT pg_catalog.setval('public.decision_id_seq', 1, true);
SELECT pg_catalog.setval('public.intake_id_seq', 1, false);
SELECT pg_catalog.setval('public.person_id_seq', 1, true);
SELECT pg_catalog.setval('public.project_id_seq', 3, true);
SELECT pg_catalog.setval('public.recheck_id_seq', 1, false);
SELECT pg_catalog.setval('public.screening_id_seq', 1, true);
SELECT pg_catalog.setval('public.token_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.about
    ADD CONSTRAINT pk_about PRIMARY KEY (key);
ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT pk_attachment PRIMARY KEY (sha256);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (seq);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT pk_decision PRIMARY KEY (id);
ALTER TABLE ONLY public.edition
    ADD CONSTRAINT pk_edition PRIMARY KEY (digest);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (person, key);
ALTER TABLE ONLY public.intake
    ADD CONSTRAINT pk_intake PRIMARY KEY (id);
ALTER TABLE ONLY public.intake_row
    ADD CONSTRAINT pk_intake_row PRIMARY KEY (intake, number);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);
ALTER TABLE ONLY public.job_row
    ADD CONSTRAINT pk_job_row PRIMARY KEY (job, number);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT pk_person PRIMARY KEY (id);
ALTER TABLE ONLY public.project
    ADD CONSTRAINT pk_project PRIMARY KEY (id);
ALTER TABLE ONLY public.project_attachment
    ADD CONSTRAINT pk_project_attachment PRIMARY KEY (project, sha256, name);
ALTER TABLE ONLY public.project_fact
    ADD CONSTRAINT pk_project_fact PRIMARY KEY (project, key);
ALTER TABLE ONLY public.project_part
    ADD CONSTRAINT pk_project_part PRIMARY KEY (project, number);
ALTER TABLE ONLY public.project_version
    ADD CONSTRAINT pk_project_version PRIMARY KEY (project, version);
ALTER TABLE ONLY public.recheck
    ADD CONSTRAINT pk_recheck PRIMARY KEY (id);
ALTER TABLE ONLY public.recheck_change
    ADD CONSTRAINT pk_recheck_change PRIMARY KEY (recheck, project);
ALTER TABLE ONLY public.screening
    ADD CONSTRAINT pk_screening PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT pk_session PRIMARY KEY (secret);
ALTER TABLE ONLY public.share
    ADD CONSTRAINT pk_share PRIMARY KEY (secret);
ALTER TABLE ONLY public.tally
    ADD CONSTRAINT pk_tally PRIMARY KEY (month, region, authority, eia_class, industry, status, analysis, verdict);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT pk_token PRIMARY KEY (id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT uq_audit_hash UNIQUE (hash);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT uq_person_name UNIQUE (name);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT uq_token_secret UNIQUE (secret);
CREATE INDEX ix_audit_subject ON public.audit USING btree (subject, seq);
CREATE INDEX ix_decision_project ON public.decision USING btree (project, id);
CREATE INDEX ix_idempotency_at ON public.idempotency USING btree (at);
CREATE INDEX ix_intake_row_project ON public.intake_row USING btree (project);
CREATE INDEX ix_job_person ON public.job USING btree (person);
CREATE INDEX ix_job_state ON public.job USING btree (state);
CREATE INDEX ix_project_accepted ON public.project USING btree (accepted_on, id);
CREATE INDEX ix_project_analysis_accepted ON public.project USING btree (analysis, accepted_on, id);
CREATE INDEX ix_project_authority_accepted ON public.project USING btree (authority, accepted_on, id);
CREATE INDEX ix_project_code ON public.project USING btree (code);
CREATE INDEX ix_project_fact_key ON public.project_fact USING btree (key, project);
CREATE INDEX ix_project_industry_accepted ON public.project USING btree (industry, accepted_on, id);
CREATE INDEX ix_project_name ON public.project USING btree (name);
CREATE INDEX ix_project_owner ON public.project USING btree (owner);
CREATE INDEX ix_project_region_accepted ON public.project USING btree (region, accepted_on, id);
CREATE INDEX ix_project_verdict_accepted ON public.project USING btree (verdict, accepted_on, id);
CREATE INDEX ix_recheck_change_grade ON public.recheck_change USING btree (recheck, grade, project);
CREATE INDEX ix_screening_edition ON public.screening USING btree (edition, project);
CREATE INDEX ix_screening_project ON public.screening USING btree (project, id);
CREATE INDEX ix_session_expires_at ON public.session USING btree (expires_at);
CREATE INDEX ix_session_person ON public.session USING btree (person);
CREATE INDEX ix_share_screening ON public.share USING btree (screening);
CREATE INDEX ix_token_person ON public.token USING btree (person);
CREATE TRIGGER audit_no_change BEFORE DELETE OR UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER decision_no_change BEFORE DELETE OR UPDATE ON public.decision FOR EACH ROW EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON public.decision FOR EACH STATEMENT EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER project_version_no_change BEFORE DELETE OR UPDATE ON public.project_version FOR EACH ROW EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER project_version_no_truncate BEFORE TRUNCATE ON public.project_version FOR EACH STATEMENT EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER screening_no_change BEFORE DELETE OR UPDATE ON public.screening FOR EACH ROW EXECUTE FUNCTION public.sanxian_append_only();
CREATE TRIGGER screening_no_truncate BEFORE TRUNCATE ON public.screening FOR EACH STATEMENT EXECUTE FUNCTION public.sanxian_append_only();
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT fk_decision_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT fk_decision_screening FOREIGN KEY (screening) REFERENCES public.screening(id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT fk_decision_withdraws FOREIGN KEY (withdraws) REFERENCES public.decision(id);
ALTER TABLE ONLY public.intake_row
    ADD CONSTRAINT fk_intake_row_intake FOREIGN KEY (intake) REFERENCES public.intake(id);
ALTER TABLE ONLY public.intake_row
    ADD CONSTRAINT fk_intake_row_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_person FOREIGN KEY (person) REFERENCES public.person(id);
ALTER TABLE ONLY public.job_row
    ADD CONSTRAINT fk_job_row_job FOREIGN KEY (job) REFERENCES public.job(id);
ALTER TABLE ONLY public.project_attachment
    ADD CONSTRAINT fk_project_attachment_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.project_attachment
    ADD CONSTRAINT fk_project_attachment_sha256 FOREIGN KEY (sha256) REFERENCES public.attachment(sha256);
ALTER TABLE ONLY public.project_fact
    ADD CONSTRAINT fk_project_fact_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.project
    ADD CONSTRAINT fk_project_owner FOREIGN KEY (owner) REFERENCES public.person(id);
ALTER TABLE ONLY public.project_part
    ADD CONSTRAINT fk_project_part_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.project_version
    ADD CONSTRAINT fk_project_version_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.recheck_change
    ADD CONSTRAINT fk_recheck_change_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.recheck_change
    ADD CONSTRAINT fk_recheck_change_recheck FOREIGN KEY (recheck) REFERENCES public.recheck(id);
ALTER TABLE ONLY public.screening
    ADD CONSTRAINT fk_screening_project FOREIGN KEY (project) REFERENCES public.project(id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT fk_session_person FOREIGN KEY (person) REFERENCES public.person(id);
ALTER TABLE ONLY public.share
    ADD CONSTRAINT fk_share_screening FOREIGN KEY (screening) REFERENCES public.screening(id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT fk_token_person FOREIGN KEY (person) REFERENCES public.person(id);
